"""Many threads, one Session."""

from __future__ import annotations

import subprocess
import sys
import textwrap

from martlet.testing import Server


def test_threads_that_read_the_session_at_once_do_not_wait_for_each_other_for_good(server: Server) -> None:
    # While one thread reads the session's cookies, Python may let the others run: here it certainly does.
    code = """
        import sys, threading, time, martlet
        from martlet.cookies import RequestsCookieJar

        export = RequestsCookieJar._export

        def slow(jar):
            time.sleep(0.02)
            return export(jar)

        RequestsCookieJar._export = slow
        statuses = []
        with martlet.Session() as session:
            session.cookies.set("a", "1")
            fetch = lambda: statuses.append(session.get(sys.argv[1]).status_code)
            threads = [threading.Thread(target=fetch) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        print(statuses)
    """
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(code), server.url + "/get"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert (done.stdout, done.stderr) == (f"{[200] * 8}\n", "")
