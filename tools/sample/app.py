# SPDX-License-Identifier: BSD-2-Clause
"""The quickstart's sample: a page from a template, for GET /hello/NAME."""
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

from jinja2 import Environment, FileSystemLoader

PAGES = Environment(loader=FileSystemLoader("/app"), autoescape=True)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if not self.path.startswith("/hello/"):
            self.send_error(404)
            return
        name = unquote(self.path[len("/hello/"):])
        body = PAGES.get_template("page.html").render(name=name).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("", 8000), Handler).serve_forever()
