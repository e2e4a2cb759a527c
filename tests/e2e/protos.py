"""The messages of proto/ for Python, from descriptors that protoc makes on the spot."""
import subprocess
from pathlib import Path

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

SOURCES = Path(__file__).resolve().parents[2] / "proto"


class Types:
    """types["ordinal.v1.GetIdsRequest"] is a message class; `files` are the descriptors."""

    def __init__(self, folder):
        out = Path(folder) / "descriptors.binpb"
        names = sorted(str(path.relative_to(SOURCES)) for path in SOURCES.rglob("*.proto"))
        subprocess.run(
            ["protoc", "-I", ".", "--include_imports", f"--descriptor_set_out={out}", *names],
            cwd=SOURCES,
            check=True,
        )
        self.files = descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes())
        self.pool = descriptor_pool.DescriptorPool()
        for file in self.files.file:
            self.pool.Add(file)
        self._factory = message_factory.MessageFactory(self.pool)

    def __getitem__(self, name):
        return self._factory.GetPrototype(self.pool.FindMessageTypeByName(name))

    def service(self, name):
        return self.pool.FindServiceByName(name)
