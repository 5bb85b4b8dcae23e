"""Nothing outside of the folder can be opened by an address."""

import os

import pytest

from runs.reviews.safe_files import read_below


@pytest.fixture
def root(tmp_path):
    (tmp_path / "secret.json").write_text("secret")
    root = tmp_path / "results"
    (root / "run a").mkdir(parents=True)
    (root / "run a" / "50%.html").write_text("page")
    (root / "run a" / "equity.parquet").write_text("no page")
    (root / ".hidden.json").write_text("hidden")
    (root / "link.json").symlink_to(tmp_path / "secret.json")
    (root / "out").symlink_to(tmp_path)
    (root / "in").symlink_to(root / "run a")
    os.mkfifo(root / "pipe.json")
    (root / "folder.html").mkdir()
    return root


def test_a_page_of_a_run_is_read(root):
    assert read_below(root, "/run%20a/50%25.html") == (b"page", "text/html; charset=utf-8")


@pytest.mark.parametrize(
    "address",
    [
        "/../secret.json", "/%2e%2e/secret.json", "/..%2fsecret.json", "/run%20a/../../secret.json", "//etc/passwd",
        "/run%20a/%2e%2e/%2e%2e/secret.json", "/..%5csecret.json", "/link.json", "/out/secret.json", "/in/50%25.html",
        "/.hidden.json", "/pipe.json", "/folder.html", "/run%20a/equity.parquet", "/run%20a", "/", "", "/%00.json",
        "/run%20a%00/50%25.html", "/%2fetc%2fpasswd", "/none.json", "/run%20a/50%25.html/x.json", "/" + "a" * 5000 + ".json",
        "/./run%20a/50%25.html", "/run%20a//50%25.html",
    ],
)  # fmt: skip
def test_all_else_is_not_there(root, address):
    with pytest.raises(OSError):  # noqa: PT011 - the server tells none of them from another
        read_below(root, address)
