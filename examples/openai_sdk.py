"""The OpenAI SDK over martlet: it is given a client of httpx2, and that client martlet's transport."""

import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2
from openai import AsyncOpenAI

from martlet.integrations.httpx import AsyncTransport

WORDS = ["It ", "never ", "lands."]


class FakeOpenAI(BaseHTTPRequestHandler):
    """Answers every chat with the same sentence: whole, or word by word as server-sent events."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        about = {"id": "chat-1", "created": 0, "model": asked["model"]}
        self.send_response(200)
        if asked.get("stream"):
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            for word in WORDS:
                choice = {"index": 0, "delta": {"content": word}, "finish_reason": None}
                event = about | {"object": "chat.completion.chunk", "choices": [choice]}
                self.wfile.write(b"data: " + json.dumps(event).encode() + b"\n\n")
            self.wfile.write(b"data: [DONE]\n\n")
            return
        message = {"role": "assistant", "content": "".join(WORDS)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        answer = json.dumps(about | {"object": "chat.completion", "choices": [choice]}).encode()
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args: object) -> None:
        pass


async def main(url: str) -> None:
    over_martlet = httpx2.AsyncClient(transport=AsyncTransport())
    question = {"model": "fake-1", "messages": [{"role": "user", "content": "What is a martlet?"}]}
    async with AsyncOpenAI(api_key="none", base_url=url, http_client=over_martlet) as client:
        answer = await client.chat.completions.create(**question)
        print(answer.choices[0].message.content)
        async for event in await client.chat.completions.create(stream=True, **question):
            print(repr(event.choices[0].delta.content))


with ThreadingHTTPServer(("127.0.0.1", 0), FakeOpenAI) as server:
    threading.Thread(target=server.serve_forever).start()
    asyncio.run(main(f"http://127.0.0.1:{server.server_port}/v1"))
    server.shutdown()
