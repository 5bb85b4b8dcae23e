"""The harness itself: it sees what a page says and asks for, so that silence means something."""

from runs.reports.page import page


def test_a_quiet_page_is_quiet(opened, console_errors, requests_made, tmp_path):
    (tmp_path / "page.html").write_text(page("quiet", "<p id='here'>text</p>"), encoding="utf-8")
    opened(tmp_path / "page.html", ready="document.getElementById('here')")
    assert console_errors() == []
    assert requests_made() == []


def test_errors_and_requests_are_seen(opened, console_errors, requests_made, tmp_path):
    body = "<img src='http://127.0.0.1:9/picture.png'>"
    (tmp_path / "page.html").write_text(page("loud", body, script="throw new Error('seen')"), encoding="utf-8")
    opened(tmp_path / "page.html", ready="document.readyState==='complete'")
    assert any("seen" in message for message in console_errors())
    assert requests_made() == ["http://127.0.0.1:9/picture.png"]


def test_width_and_scheme_are_as_asked(opened, screenshot, tmp_path):
    (tmp_path / "page.html").write_text(page("small", "<p>text</p>"), encoding="utf-8")
    driver = opened(tmp_path / "page.html", width=390, dark=True)
    assert driver.execute_script("return innerWidth") == 390
    assert driver.execute_script("return matchMedia('(prefers-color-scheme:dark)').matches")
    assert screenshot("small").read_bytes().startswith(b"\x89PNG")
