"""A link of so many bits a second, with a delay, between this machine and itself: a port that leads to another
one. Unlike the browser's own throttling it holds for WebSockets too, and all connections share it. Packets of
all connections take turns; what does not fit waits at its sender, as with a small buffer on the way."""

import asyncio
import socket
import threading

PACKET = 1448
PACKET_HEAD = 52 + 14  # TCP with time stamps, IP, Ethernet
BUFFER = 16384  # of a connection, on the way


class Direction:
    """One way of the link."""

    def __init__(self, bits_per_second, delay_s):
        self.bytes_per_second = bits_per_second / 8
        self.delay_s = delay_s
        self.free_at = 0.0
        self.turn = asyncio.Lock()  # first come, first served

    async def carry(self, source, target, later_s):
        """All that comes from one socket goes to the other; `later_s`: the first of it, by so much."""
        loop = asyncio.get_running_loop()
        way = asyncio.Queue()
        arrival = asyncio.create_task(self.deliver(way, target))
        held_until = loop.time() + later_s
        data = b"-"
        try:
            while data:
                data = await loop.sock_recv(source, PACKET)
                async with self.turn:
                    self.free_at = max(loop.time(), self.free_at) + (len(data) + PACKET_HEAD) / self.bytes_per_second
                    await asyncio.sleep(self.free_at - loop.time())
                way.put_nowait((max(loop.time(), held_until) + self.delay_s, data))
        except OSError:
            way.put_nowait((loop.time() + self.delay_s, b""))
        await arrival

    @staticmethod
    async def deliver(way, target):
        loop = asyncio.get_running_loop()
        data = b"-"
        try:
            while data:
                at, data = await way.get()
                await asyncio.sleep(at - loop.time())
                await loop.sock_sendall(target, data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the other side has gone; ours will be told


class SlowLink:
    """`url` leads to the given one, of this machine, for as long as the link is there."""

    def __init__(self, url, down, up, delay_s):
        self.target = ("127.0.0.1", int(url.rsplit(":", 1)[1]))
        self.rates = (down, up, delay_s)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setblocking(False)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_until_complete, args=(self.serve(),))
        self.thread.start()

    async def serve(self):
        down, up, delay_s = self.rates
        self.down, self.up, self.delay_s = Direction(down, delay_s), Direction(up, delay_s), delay_s
        self.ended = asyncio.Event()
        accepting = asyncio.create_task(self.accept())
        await self.ended.wait()
        others = (asyncio.all_tasks() | {accepting}) - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def accept(self):
        loop = asyncio.get_running_loop()
        connections = set()
        while True:
            near, _ = await loop.sock_accept(self.listener)
            connection = asyncio.create_task(self.connect(near))
            connections.add(connection)
            connection.add_done_callback(connections.discard)

    async def connect(self, near):
        near.setblocking(False)
        near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        far = socket.socket()
        far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        far.setblocking(False)
        with near, far:
            await asyncio.get_running_loop().sock_connect(far, self.target)
            # The handshake of TCP went here and back before.
            await asyncio.gather(self.up.carry(near, far, 2 * self.delay_s), self.down.carry(far, near, 0))

    def end(self):
        self.loop.call_soon_threadsafe(self.ended.set)
        self.thread.join()
        self.loop.close()
        self.listener.close()
