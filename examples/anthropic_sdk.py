"""The Anthropic SDK over martlet: it is given a client of httpx2, and that client martlet's transport."""

import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2
from anthropic import AsyncAnthropic

from martlet.integrations.httpx import AsyncTransport

WORDS = ["It ", "never ", "lands."]
MESSAGE = {"id": "m1", "type": "message", "role": "assistant", "content": [], "model": "fake-1"}
USED = {"stop_reason": "end_turn", "stop_sequence": None, "usage": {"input_tokens": 4, "output_tokens": 3}}


def events(message: dict) -> list[dict]:
    deltas = [{"type": "text_delta", "text": word} for word in WORDS]
    return [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *({"type": "content_block_delta", "index": 0, "delta": delta} for delta in deltas),
        *({"type": "content_block_stop", "index": 0}, {"type": "message_stop"}),
    ]


class FakeAnthropic(BaseHTTPRequestHandler):
    """Answers every message with the same sentence: whole, or word by word as server-sent events."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        message, streams = MESSAGE | USED, asked.get("stream")
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream" if streams else "application/json")
        self.end_headers()
        for event in events(message) if streams else ():
            self.wfile.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
        if not streams:
            message["content"] = [{"type": "text", "text": "".join(WORDS)}]
            self.wfile.write(json.dumps(message).encode())

    def log_message(self, *args: object) -> None:
        pass


async def main(url: str) -> None:
    over_martlet = httpx2.AsyncClient(transport=AsyncTransport())
    question = {"model": "fake-1", "max_tokens": 9, "messages": [{"role": "user", "content": "What?"}]}
    async with AsyncAnthropic(api_key="none", base_url=url, http_client=over_martlet) as client:
        print((await client.messages.create(**question)).content[0].text)
        async with client.messages.stream(**question) as stream:
            print([text async for text in stream.text_stream])


with ThreadingHTTPServer(("127.0.0.1", 0), FakeAnthropic) as server:
    threading.Thread(target=server.serve_forever).start()
    asyncio.run(main(f"http://127.0.0.1:{server.server_port}"))
    server.shutdown()
