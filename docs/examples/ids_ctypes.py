"""IDs from libordinal by ctypes, handed out in process.

    python3 ids_ctypes.py 127.0.0.1:50051 10
"""
import ctypes
import sys


class Options(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_size_t),
        ("target", ctypes.c_char_p),
        ("tag", ctypes.c_uint32),
        ("max_age_ms", ctypes.c_uint32),
        ("timeout_ms", ctypes.c_uint32),
        ("prefetch_min", ctypes.c_uint32),
        ("prefetch_max", ctypes.c_uint32),
    ]


class Error(ctypes.Structure):
    _fields_ = [("code", ctypes.c_int), ("retry_after_ms", ctypes.c_uint32), ("text", ctypes.c_char * 256)]


class Client:
    """One for the whole process; any thread may call get()."""

    def __init__(self, target, **options):
        self._library = ctypes.CDLL("libordinal.so.0")
        self._client = ctypes.c_void_p()
        asked = Options(size=ctypes.sizeof(Options), target=target.encode(), **options)
        self._call("open", ctypes.byref(asked), ctypes.byref(self._client))

    def _call(self, name, *arguments):
        error = Error()
        if getattr(self._library, "ord_client_" + name)(*arguments, ctypes.byref(error)) != 0:
            raise RuntimeError(error.text.decode())

    def get(self, timeout_ms=1000):
        identity = ctypes.c_int64()
        self._call("get", self._client, timeout_ms, ctypes.byref(identity))
        return identity.value

    def close(self):
        self._library.ord_client_close(self._client)


def main(target="127.0.0.1:50051", count="10"):
    client = Client(target)
    for _ in range(int(count)):
        print(client.get())
    client.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
