"""A TCP proxy that misbehaves on purpose, in front of a server. Standard library only; a thread a connection.

`with Proxy(port, Way(...)) as p:` listens on 127.0.0.1:p.port. One way for every connection:
cut=N closes both ends after N bytes of the server's, refuse=True resets each new connection, stall=True accepts and is
silent, slice=(bytes, pause in s) passes on little at a time, flip=N inverts byte N of the server's.
"""
import socket
import struct
import threading
import time
from dataclasses import dataclass


@dataclass
class Way:
    cut: int = -1
    flip: int = -1
    refuse: bool = False
    stall: bool = False
    slice: tuple = ()


class Proxy:
    def __init__(self, port, way=None):
        self.target, self.way = port, way or Way()
        self.connections = 0
        self.open = []

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.drop()

    def drop(self):
        """Ends every connection on both sides, in the middle of what it carries; new ones are served."""
        ended, self.open = self.open, []
        self._close(*ended)

    @staticmethod
    def _close(*ends):
        for end in ends:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # the other side was first
            end.close()

    def _accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            self.connections += 1
            self.open.append(client)
            if self.way.refuse:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                client.close()
            elif not self.way.stall:
                server = socket.create_connection(("127.0.0.1", self.target))
                self.open.append(server)
                threading.Thread(target=self._pass, args=(client, server, False), daemon=True).start()
                threading.Thread(target=self._pass, args=(server, client, True), daemon=True).start()

    def _pass(self, source, sink, from_server):
        passed = 0
        size, pause = self.way.slice or (65536, 0)
        try:
            while True:
                data = source.recv(size)
                if not data:
                    break
                if from_server and 0 <= self.way.flip - passed < len(data):
                    data = bytearray(data)
                    data[self.way.flip - passed] ^= 0xff
                if from_server and 0 <= self.way.cut < passed + len(data):
                    sink.sendall(data[:self.way.cut - passed])
                    break
                sink.sendall(data)
                passed += len(data)
                if pause:
                    time.sleep(pause)
        except OSError:
            pass  # an end is gone: so is the other
        self._close(source, sink)
