# Starts one of OpenStack's programs, unchanged, as its package of 2013 did: with the packaged defaults and the
# configuration below /etc, under the option names of that year. /usr/bin/NAME of the package runs this file in the
# environment that holds NAME; other programs of that environment do not see any of it.
import json
import os
import runpy
import sys

NAME = os.path.basename(sys.argv[0])
PROJECT = NAME.split('-')[0]


def config_files():
    """Files that NAME reads, later ones before earlier ones."""
    if NAME == 'nova-compute':
        return ['/usr/share/nova/nova-dist.conf', '/etc/nova/nova.conf', '/etc/nova/nova-compute.conf']
    if NAME == 'glance-registry':
        return ['/usr/share/glance/glance-registry-dist.conf', '/etc/glance/glance-registry.conf']
    if NAME == 'glance-manage':
        return ['/usr/share/glance/glance-registry-dist.conf', '/etc/glance/glance-api.conf', '/etc/glance/glance-registry.conf']
    if PROJECT == 'glance':
        return ['/usr/share/glance/glance-api-dist.conf', '/etc/glance/glance-api.conf']
    return ['/usr/share/%s/%s-dist.conf' % (PROJECT, PROJECT), '/etc/%s/%s.conf' % (PROJECT, PROJECT)]


def existing(files):
    return [name for name in files if os.path.exists(name)]


def with_config_files(arguments):
    """The arguments, with the packaged defaults first and the usual files unless others are named."""
    if any(argument.startswith('--config-file') for argument in arguments):
        return ['--config-file=' + name for name in existing(config_files()[:1])] + arguments
    return ['--config-file=' + name for name in existing(config_files())] + arguments


# Options that moved, with the name they had in [DEFAULT].
MOVED = {
    'nova': {
        ('libvirt', 'virt_type'): 'libvirt_type', ('libvirt', 'cpu_mode'): 'libvirt_cpu_mode',
        ('libvirt', 'cpu_model'): 'libvirt_cpu_model', ('libvirt', 'images_type'): 'libvirt_images_type',
        ('libvirt', 'inject_partition'): 'libvirt_inject_partition', ('libvirt', 'inject_key'): 'libvirt_inject_key',
        ('libvirt', 'inject_password'): 'libvirt_inject_password',
        ('libvirt', 'use_virtio_for_bridges'): 'libvirt_use_virtio_for_bridges',
        ('glance', 'api_servers'): 'glance_api_servers', ('glance', 'num_retries'): 'glance_num_retries',
        ('cinder', 'catalog_info'): 'cinder_catalog_info', ('cinder', 'endpoint_template'): 'cinder_endpoint_template',
        ('cinder', 'cross_az_attach'): 'cinder_cross_az_attach', ('cinder', 'os_region_name'): 'os_region_name',
    },
}

def accept_former_names(conf, table):
    from oslo_config import cfg
    for (group, name), former in table.items():
        known = conf._groups[group]._opts.get(name) if group in conf._groups else None
        if known:
            known['opt'].deprecated_opts.append(cfg.DeprecatedOpt(former, group='DEFAULT'))


# Parents of worker processes look for ended ones a hundred times a second, which is most of an emulated machine's load at rest.
# So a worker that ended is replaced, and a service that stops ends, half a second later at most.
LOOK_SECONDS = 0.5


def look_rarely():
    """The parents of nova's and cinder's workers (oslo.service) and of glance's (eventlet) look every LOOK_SECONDS."""
    if PROJECT == 'glance':
        from eventlet import greenthread
        from eventlet.green import os as green

        class Rarely(object):
            sleep = staticmethod(lambda _: greenthread.sleep(LOOK_SECONDS))

        green.greenthread = Rarely
    else:
        from oslo_service import service
        start = service.ProcessLauncher.__init__
        service.ProcessLauncher.__init__ = lambda self, conf, **others: start(
            self, conf, **dict(others, wait_interval=LOOK_SECONDS))


def nova(arguments):
    if NAME == 'nova-dhcpbridge':
        # Started by dnsmasq with the names of nova-network's files in a variable.
        files = json.loads(os.environ.get('CONFIG_FILE') or '[]') or config_files()[1:]
        defaults = config_files()[0]
        os.environ['CONFIG_FILE'] = json.dumps([defaults] + [name for name in files if name != defaults])
    else:
        arguments = with_config_files(arguments)
    import nova.conf
    accept_former_names(nova.conf.CONF, MOVED['nova'])
    if NAME == 'nova-network':
        # Ocata starts nova-network only where cells are said to be in use; nothing else in this process asks.
        nova.conf.CONF.set_override('enable', True, group='cells')
    if NAME == 'nova-compute' and os.path.exists('/run/systemd/container'):
        # A container has no iSCSI initiator of its own kernel; nova's other driver leaves it to QEMU's.
        from nova.virt.libvirt import driver
        driver.libvirt_volume_drivers[:] = [
            'iscsi=nova.virt.libvirt.volume.net.LibvirtNetVolumeDriver' if name.startswith('iscsi=') else name
            for name in driver.libvirt_volume_drivers]
    return arguments


def cinder(arguments):
    from oslo_config import iniparser
    arguments = with_config_files(arguments)
    if NAME != 'cinder-volume':
        return arguments

    class Sections(iniparser.BaseParser):
        def __init__(self):
            iniparser.BaseParser.__init__(self)
            self.section, self.found = 'DEFAULT', {}

        def new_section(self, section):
            self.section = section

        def assignment(self, key, value):
            self.found.setdefault(self.section, {})[key] = '\n'.join(value) if isinstance(value, list) else value

    sections = Sections()
    for argument in arguments:
        if argument.startswith('--config-file='):
            with open(argument.split('=', 1)[1]) as source:
                sections.parse(source)
    default = sections.found.get('DEFAULT', {})
    if not default.get('enabled_backends'):
        # Ocata wants a section for each back end, where 2013's one back end is in [DEFAULT].
        generated = '/run/cinder/backend.conf'
        with open(generated, 'w') as out:
            os.fchmod(out.fileno(), 0o600)
            out.write('[DEFAULT]\nenabled_backends = lvm\n[lvm]\nvolume_backend_name = lvm\n')
            for key, value in sorted(default.items()):
                out.write('%s = %s\n' % (key, value))
        arguments.append('--config-file=' + generated)
    return arguments


def serve(listeners):
    """Serves (host, port, application) for ever, a thread for each request."""
    import threading
    import SocketServer
    import wsgiref.simple_server

    class Server(SocketServer.ThreadingMixIn, wsgiref.simple_server.WSGIServer):
        daemon_threads = True
        request_queue_size = 128

        def server_bind(self):  # without the look-up of its own name
            SocketServer.TCPServer.server_bind(self)
            self.server_name, self.server_port = self.server_address[:2]
            self.setup_environ()

    class Handler(wsgiref.simple_server.WSGIRequestHandler):
        def address_string(self):
            return self.client_address[0]

        def log_message(self, *_):
            pass

    servers = []
    for host, port, application in listeners:
        server = Server((host, port), Handler)
        server.set_app(application)
        servers.append(server)
    for server in servers[1:]:
        thread = threading.Thread(target=server.serve_forever)
        thread.daemon = True
        thread.start()
    servers[0].serve_forever()


def keystone_all():
    """Both of identity's ports in one process, which keystone itself no longer has."""
    from oslo_config import cfg
    import keystone.conf
    from keystone.server import common
    from keystone.version import service
    conf = keystone.conf.CONF
    conf.register_opts([
        cfg.StrOpt('bind_host', default='0.0.0.0'), cfg.StrOpt('public_bind_host'), cfg.StrOpt('admin_bind_host'),
        cfg.PortOpt('public_port', default=5000), cfg.PortOpt('admin_port', default=35357)])
    common.configure(config_files=existing(config_files()))
    paste = 'config:/etc/keystone/keystone-paste.ini'
    _, (public, admin) = common.setup_backends(
        startup_application_fn=lambda: (service.loadapp(paste, 'main'), service.loadapp(paste, 'admin')))
    serve([(conf.public_bind_host or conf.bind_host, conf.public_port, public),
           (conf.admin_bind_host or conf.bind_host, conf.admin_port, admin)])


def placement():
    """The placement API, which asks identity with what the compute API's paste file says, unless nova.conf says more."""
    import ConfigParser
    import nova.conf
    from nova import config
    from nova.api.openstack.placement import deploy, wsgi
    paste = ConfigParser.RawConfigParser()
    paste.read('/etc/nova/api-paste.ini')
    said = dict(paste.items('filter:authtoken')) if paste.has_section('filter:authtoken') else {}
    said.pop('paste.filter_factory', None)
    make_filter, parse = deploy.auth_token.filter_factory, config.parse_args
    deploy.auth_token.filter_factory = lambda _, **__: make_filter({}, oslo_config_config=nova.conf.CONF, **said)
    wsgi.config.parse_args = lambda arguments, **kw: parse(arguments, **dict(kw, default_config_files=existing(config_files())))
    serve([('0.0.0.0', 8778, wsgi.init_application())])


arguments = sys.argv[1:]
if NAME == 'keystone-all':
    keystone_all()
elif NAME == 'nova-placement-api':
    placement()
else:
    if PROJECT == 'nova':
        arguments = nova(arguments)
    elif PROJECT == 'cinder':
        arguments = cinder(arguments)
    else:
        arguments = with_config_files(arguments)
    if NAME in ('nova-api', 'nova-api-metadata', 'nova-conductor', 'cinder-api', 'cinder-volume', 'glance-api', 'glance-registry'):
        look_rarely()
    sys.argv[1:] = arguments
    runpy.run_path(os.path.join(os.path.dirname(sys.executable), NAME), run_name='__main__')
