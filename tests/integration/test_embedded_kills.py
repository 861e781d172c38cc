"""kill -9 of every process that takes part, alone and together: no row lost, nothing left running."""

import os
import signal
import threading
from pathlib import Path

from embedded_support import (
    PATIENCE_S,
    answers,
    clients,
    eventually,
    kill9,
    orphaned_server,
    postmaster_pid,
    processes_of,
    rows,
    started_at,
    supervisor_pid,
    wait_for_another_run,
    write_row,
)

from facekeep.store.embedded import open_server


def test_a_killed_client_leaves_nothing_running(used_home: Path) -> None:
    with clients(used_home) as [client]:
        write_row(client.conninfo())
        client.kill()
    assert processes_of(used_home, patience_s=20) == []


def test_a_client_killed_while_the_server_starts_leaves_nothing_running(home: Path) -> None:
    with clients(home) as [client]:
        eventually(lambda: bool(processes_of(home)), "a supervisor")
        client.kill()
    assert processes_of(home, patience_s=20) == []
    with open_server(home) as server:
        write_row(server.conninfo)


def test_a_killed_server_comes_back_with_its_rows(used_home: Path) -> None:
    with open_server(used_home) as server:
        for expected in (2, 3, 4):
            write_row(server.conninfo)
            before = started_at(server.conninfo)
            kill9(postmaster_pid(used_home))
            wait_for_another_run(server.conninfo, before)
            assert rows(server.conninfo) == expected


def test_a_killed_supervisor_takes_its_server_along_and_is_replaced(used_home: Path) -> None:
    with open_server(used_home) as server:
        write_row(server.conninfo)
        killed, before = supervisor_pid(used_home), started_at(server.conninfo)
        kill9(killed)
        wait_for_another_run(server.conninfo, before)
        assert rows(server.conninfo) == 2
        assert supervisor_pid(used_home) != killed


def test_a_killed_supervisor_leaves_no_server_when_nobody_is_there_to_replace_it(used_home: Path) -> None:
    with clients(used_home) as [client]:
        client.conninfo()
        client.process.send_signal(signal.SIGSTOP)
        kill9(supervisor_pid(used_home))
        client.kill()
    assert processes_of(used_home, patience_s=20) == []


def test_server_and_supervisor_killed_together(used_home: Path) -> None:
    with open_server(used_home) as server:
        write_row(server.conninfo)
        before = started_at(server.conninfo)
        pids = (supervisor_pid(used_home), postmaster_pid(used_home))
        for pid in pids:
            kill9(pid)
        wait_for_another_run(server.conninfo, before)
        assert rows(server.conninfo) == 2


def test_everybody_killed_at_once(used_home: Path) -> None:
    with clients(used_home, 2) as [one, two]:
        write_row(one.conninfo())
        two.conninfo()
        pids = (one.process.pid, two.process.pid, supervisor_pid(used_home), postmaster_pid(used_home))
        for pid in pids:
            kill9(pid)
    with open_server(used_home) as server:
        assert rows(server.conninfo) == 2


def test_two_clients_outlive_their_supervisor(used_home: Path) -> None:
    with clients(used_home) as [other], open_server(used_home) as server:
        conninfo = other.conninfo()
        before = started_at(conninfo)
        kill9(supervisor_pid(used_home))
        wait_for_another_run(conninfo, before)
        assert rows(server.conninfo) == 1
        assert other.leave() == 0


def test_a_server_without_supervisor_is_adopted_and_stopped_in_the_end(used_home: Path) -> None:
    with orphaned_server(used_home) as orphan:
        with open_server(used_home) as server:
            assert rows(server.conninfo) == 1
            assert postmaster_pid(used_home) == orphan.pid
        assert orphan.wait(PATIENCE_S) == 0


def test_an_adopted_server_that_is_killed_comes_back(used_home: Path) -> None:
    with orphaned_server(used_home) as orphan, open_server(used_home) as server:
        write_row(server.conninfo)
        before = started_at(server.conninfo)
        kill9(orphan.pid)
        orphan.wait(PATIENCE_S)
        wait_for_another_run(server.conninfo, before)
        assert rows(server.conninfo) == 2


def test_asked_to_end_the_supervisor_stops_its_server(used_home: Path) -> None:
    with clients(used_home) as [client]:
        conninfo = client.conninfo()
        client.process.send_signal(signal.SIGSTOP)
        os.kill(supervisor_pid(used_home), signal.SIGTERM)
        assert processes_of(used_home, patience_s=20) == []
        client.process.send_signal(signal.SIGCONT)
        eventually(lambda: answers(conninfo), "its user has brought it back")


def test_two_at_once_share_one_server_of_a_fresh_home(home: Path) -> None:
    with clients(home, 2) as both:
        assert len({started_at(client.conninfo()) for client in both}) == 1
        assert [client.leave() for client in both] == [0, 0]


def test_eight_at_once_share_one_server_of_a_fresh_home(home: Path) -> None:
    with clients(home, 8) as many:
        assert len({started_at(client.conninfo()) for client in many}) == 1


def test_eight_threads_open_and_close_at_once(used_home: Path) -> None:
    counted: list[int] = []

    def use() -> None:
        with open_server(used_home) as server:
            counted.append(rows(server.conninfo))

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted == [1] * 8


def test_one_comes_while_another_goes(used_home: Path) -> None:
    """Each open either joins the server or waits for its end and starts it anew."""
    for _ in range(3):
        with clients(used_home) as [other]:
            with open_server(used_home) as server:
                assert answers(server.conninfo)
            assert answers(other.conninfo())
