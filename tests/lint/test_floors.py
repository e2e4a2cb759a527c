import pytest

from floors import ROOT, upward


def test_the_house_stands():
    assert list(upward(ROOT)) == []


@pytest.mark.parametrize(
    "room, include",
    [
        ("base", '"core/layout.h"'),
        ("core", '"wire/ids.h"'),
        ("core", '"ordinal/v1/ids.pb-c.h"'),
        ("core", "<pthread.h>"),
        ("core", "<time.h>"),
        ("core", "<sys/stat.h>"),
        ("wire", '"conf/options.h"'),
        ("store", '"api/service.h"'),
        ("daemon", "<lmdb.h>"),
        ("api", '"http/server.h"'),
        ("api", "<civetweb.h>"),
        ("grpc", '"http/server.h"'),
        ("grpc", '"core/layout.h"'),
        ("http", '"core/generator.h"'),
        ("http", "<grpc/grpc.h>"),
        ("cli", '"api/service.h"'),
        ("cli", '"daemon/options.h"'),
        ("bench", '"cli/output.h"'),
        ("bench", '"api/methods.h"'),
        ("bench", "<grpc/grpc.h>"),
        ("cli", "<nghttp2/nghttp2.h>"),
        ("conf", '"no_room.h"'),
        ("conf", '"nowhere/x.h"'),
        ("attic", '"base/error.h"'),
    ],
)
def test_a_planted_include_is_caught(tmp_path, room, include):
    (tmp_path / "src" / room).mkdir(parents=True)
    (tmp_path / "gen/ordinal/v1").mkdir(parents=True)
    (tmp_path / "gen/ordinal/v1/ids.pb-c.h").touch()
    (tmp_path / "src" / room / "x.c").write_text(f"/* a comment */\n#  include {include}\n")
    (fault,) = upward(tmp_path)
    assert fault.startswith(f"src/{room}/x.c:")


def test_good_includes_pass(tmp_path):
    (tmp_path / "src/cli").mkdir(parents=True)
    (tmp_path / "src/cli/x.c").write_text(
        '#include "cli/y.h"\n#include "api/methods.h"\n#include <curl/curl.h>\n'
    )
    assert list(upward(tmp_path)) == []
