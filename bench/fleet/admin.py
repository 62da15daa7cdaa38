"""An admin interface that answers as a real Envoy did: for a fleet of which no machine can run every Envoy.

`admin.py PROCESS COUNTERS` prints its port; the files are what Envoy answered to the first and to the second question of a reading.
"""

import asyncio
import pathlib
import sys


# The last is about gauges, of which this Envoy has none.
QUESTIONS = [b"/config_dump?", b"/stats?usedonly&", b"/stats?"]


class Answers(asyncio.Protocol):
    def __init__(self, texts):
        self.texts, self.asked = texts, b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.asked += data
        while b"\r\n\r\n" in self.asked:
            head, _, self.asked = self.asked.partition(b"\r\n\r\n")
            of = [kind for kind, begins in enumerate(QUESTIONS) if head.startswith(b"GET " + begins)]
            self.transport.write(self.texts[of[0]])


async def main():
    texts = [*(pathlib.Path(path).read_bytes() for path in sys.argv[1:]), b""]
    texts = [b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(text) + text for text in texts]
    server = await asyncio.get_running_loop().create_server(lambda: Answers(texts), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
