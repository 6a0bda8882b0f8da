"""Serves a folder on the loopback interface, with the right types and no caching.

    serve.py FOLDER [--port N] [--open]     prints the address as its first line
"""
import argparse
import errno
import functools
import http.server
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

    def end_headers(self):
        # What a reload shows is what was built last.
        self.send_header("Cache-Control", "no-cache")
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
    if arguments.open:
        webbrowser.open(address)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
