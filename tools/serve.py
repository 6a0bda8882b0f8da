"""Serves a folder on the loopback interface, with the right types and no caching.

    serve.py FOLDER [--port N] [--open]     prints the address as its first line
"""
import argparse
import errno
import functools
import http.server
import os
import sys
import threading
import webbrowser


class Handler(http.server.SimpleHTTPRequestHandler):
    extensions_map = {
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".js": "text/javascript",
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
        ".md": "text/markdown; charset=utf-8",
    }
    protocol_version = "HTTP/1.1"

    # As in index.html; a worker is bound only by what comes with its own file.
    policy = (
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; "
        "img-src 'self' blob: data:; font-src 'self'; connect-src *; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )

    def end_headers(self):
        # What a reload shows is what was built last.
        self.send_header("Cache-Control", "no-cache")
        self.send_header("Content-Security-Policy", self.policy)
        super().end_headers()

    def log_message(self, *_):
        pass


def listen(folder, port):
    handler = functools.partial(Handler, directory=folder)
    try:
        return http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--open", action="store_true")
    arguments = parser.parse_args()
    server = listen(arguments.folder, arguments.port)
    address = f"http://localhost:{server.server_address[1]}/"
    print(address, flush=True)
    if arguments.open and (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or sys.platform == "darwin"):
        # The browser may not come back before the page is served.
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
