from horizon.utils import secret_key

DEBUG = False
TEMPLATE_DEBUG = DEBUG
WEBROOT = '/horizon/'
ALLOWED_HOSTS = ['*']
COMPRESS_OFFLINE = True
STATIC_ROOT = '/usr/share/openstack-dashboard/static'
SECRET_KEY = secret_key.generate_or_read_from_file('/var/lib/horizon/secret_key')
SESSION_ENGINE = 'django.contrib.sessions.backends.signed_cookies'
CACHES = {'default': {'BACKEND': 'django.core.cache.backends.locmem.LocMemCache'}}
EMAIL_BACKEND = 'django.core.mail.backends.console.EmailBackend'

OPENSTACK_HOST = "127.0.0.1"
OPENSTACK_KEYSTONE_URL = "http://%s:5000/v2.0" % OPENSTACK_HOST
OPENSTACK_KEYSTONE_DEFAULT_ROLE = "Member"
OPENSTACK_API_VERSIONS = {"identity": 2.0, "image": 2, "volume": 2}
OPENSTACK_KEYSTONE_BACKEND = {'name': 'native', 'can_edit_user': True, 'can_edit_project': True}
OPENSTACK_HYPERVISOR_FEATURES = {'can_set_mount_point': True}

TIME_ZONE = "UTC"
POLICY_FILES_PATH = '/opt/openstack/pike/lib/python2.7/site-packages/openstack_dashboard/conf'
