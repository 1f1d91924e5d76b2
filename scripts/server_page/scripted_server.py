"""A server that shows another server's page, and answers its requests with scripted answers."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class ScriptedServer(ThreadingHTTPServer):
    """`answers` are functions of a `Handler` and a body, one for each request in turn; when they
    are used up, every request is answered with `words`."""

    daemon_threads = True

    def __init__(self, page, port=0):
        """Serves on loopback; `page()` gives the header fields and the bytes of the page."""
        super().__init__(("127.0.0.1", port), Handler)
        self.page = page
        self.answers = []
        self.requests = []
        self.left = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_address[1]}/"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.path == "/":
            headers, body = self.server.page()
            self.send(200, body, headers)
        else:
            self.send(404, b"")

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/tokenize":
            return self.send_json(200, {"tokens": body["content"].split()})
        self.server.requests.append({"path": self.path, "headers": self.headers, "body": body})
        answer = self.server.answers.pop(0) if self.server.answers else words("I am well.")
        try:
            answer(self, body)
        except (BrokenPipeError, ConnectionResetError):
            self.server.left.set()
            self.close_connection = True

    def send(self, status, body, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def send_json(self, status, value, headers=()):
        self.send(status, json.dumps(value).encode(),
                  [("Content-Type", "application/json"), *headers])

    def begin_stream(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True

    def write(self, data):
        self.wfile.write(data)
        self.wfile.flush()

    def event(self, value):
        self.write(b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n")

    def chunk(self, text, reason=None):
        if self.path.endswith("chat/completions"):
            choice = {"index": 0, "delta": {"content": text} if text else {}}
        else:
            choice = {"index": 0, "text": text}
        self.event({"choices": [{**choice, "finish_reason": reason}], "usage": None})

    def end_stream(self, tokens, reason="stop"):
        self.chunk("", reason)
        self.event({"choices": [], "usage": {"prompt_tokens": 20, "completion_tokens": tokens,
                                             "total_tokens": 20 + tokens}})
        self.write(b"data: [DONE]\n\n")


def words(text, delay=0.0, reason="stop"):
    """Answers with a text, a word at a time."""
    def answer(handler, _):
        handler.begin_stream()
        if handler.path.endswith("chat/completions"):
            handler.event({"choices": [{"index": 0, "delta": {"role": "assistant",
                                                              "content": ""}}]})
        pieces = [piece + " " for piece in text.split(" ")]
        pieces[-1] = pieces[-1][:-1]
        for piece in pieces:
            handler.chunk(piece)
            if delay:
                time.sleep(delay)
        handler.end_stream(len(pieces), reason)
    return answer


def endless(handler, _):
    """Answers until the client disconnects."""
    handler.begin_stream()
    for number in range(100_000):
        handler.chunk(f"{number} ")
        time.sleep(0.02)


def torn(text, sizes):
    """Answers with a text in one event, cut into pieces of a given size, with comments."""
    def answer(handler, _):
        handler.begin_stream()
        choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
        data = json.dumps({"choices": [choice]}, ensure_ascii=False)
        whole = f": waiting\r\n\r\ndata: {data}\r\n\r\n: more\n\n".encode()
        while whole:
            handler.write(whole[:sizes[0]])
            whole = whole[sizes[0]:]
            sizes.append(sizes.pop(0))
            time.sleep(0.002)
        handler.end_stream(3)
    return answer


def failing(status, message, code=None, headers=()):
    """Answers with an error in the form of OpenAI's API."""
    def answer(handler, _):
        handler.send_json(status, {"error": {"message": message, "type": "error", "param": None,
                                             "code": code}}, headers)
    return answer


def broken(handler, _):
    """Starts to answer, and disconnects."""
    handler.begin_stream()
    handler.chunk("Half of")
