"""The dashboard below /horizon and its static files, for any WSGI server; / leads there."""
import os

os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'openstack_dashboard.settings')

from django.conf import settings  # noqa: E402
from django.contrib.staticfiles.handlers import StaticFilesHandler  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.views.static import serve  # noqa: E402


class StaticFiles(StaticFilesHandler):
    """Files that were collected when the package was made."""

    def get_response(self, request):
        from django.http import Http404
        from django.core.handlers.exception import response_for_exception
        try:
            return serve(request, self.file_path(request.path), document_root=settings.STATIC_ROOT)
        except Http404 as missing:
            return response_for_exception(request, missing)


dashboard = get_wsgi_application()
static = StaticFiles(dashboard)


def application(environ, start_response):
    path = environ.get('PATH_INFO', '')
    if path.startswith(settings.STATIC_URL):
        return static(environ, start_response)
    if path.rstrip('/') == '':
        start_response('302 Found', [('Location', '/horizon/')])
        return [b'']
    # Django adds the prefix to the links that it makes.
    environ['SCRIPT_NAME'], environ['PATH_INFO'] = '/horizon', path[len('/horizon'):] if path.startswith('/horizon') else path
    return dashboard(environ, start_response)
