#!/usr/bin/env python3
"""What programs do with docker-py, against DOCKER_HOST; ends with 0 when every answer is as Docker's."""
import io, tarfile, time

import docker

client = docker.from_env(timeout=60)


def is_(got, wanted):
    assert got == wanted, f"{got!r} is not {wanted!r}"


def raises(kind, words, call, *args, **options):
    try:
        call(*args, **options)
    except kind as error:
        assert words in str(error), f"{error} is without {words!r}"
        return error
    raise AssertionError(f"no {kind.__name__}")


def archive(name, content):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def system():
    is_(client.ping(), True)
    is_(client.info()["OSType"], "linux")
    raises(docker.errors.APIError, "503", client.swarm.reload)
    for collection in (client.services, client.nodes, client.secrets, client.configs):
        raises(docker.errors.APIError, "This node is not a swarm manager", collection.list)
    is_(client.plugins.list(), [])


def runs():
    is_(client.containers.run("busybox", "echo hello", remove=True), b"hello\n")
    error = raises(docker.errors.ContainerError, "", client.containers.run, "busybox",
                   "sh -c 'echo bad >&2; exit 3'", remove=True)
    is_((error.exit_status, error.stderr), (3, b"bad\n"))
    raises(docker.errors.NotFound, "No such container: nope", client.containers.get, "nope")
    raises(docker.errors.ImageNotFound, "No such image: nope", client.images.get, "nope")


def builds():
    image, lines = client.images.build(fileobj=io.BytesIO(b"FROM busybox\nLABEL a=b\nRUN echo x >/x\nCMD cat /x\n"),
                                       tag="docker-py:1", rm=True)
    is_(image.tags, ["docker-py:1"])
    is_(list(lines)[-1], {"stream": "Successfully tagged docker-py:1\n"})
    is_(client.containers.run("docker-py:1", remove=True), b"x\n")
    raises(docker.errors.BuildError, "returned a non-zero code: 4", client.images.build,
           fileobj=io.BytesIO(b"FROM busybox\nRUN exit 4\n"))


def lives():
    network = client.networks.create("docker-py", labels={"x": "y"})
    client.volumes.create("docker-py")
    one = client.containers.run("busybox", "sleep 1000", detach=True, name="one", network="docker-py",
                                volumes={"docker-py": {"bind": "/v", "mode": "rw"}}, mem_limit="64m", init=True,
                                ports={"80/tcp": ("127.0.0.1", 18081)}, environment=["A=1"],
                                restart_policy={"Name": "on-failure", "MaximumRetryCount": 2},
                                healthcheck={"test": ["CMD", "true"], "interval": 10**9})
    one.reload()
    is_(one.status, "running")
    is_(one.attrs["NetworkSettings"]["Ports"], {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "18081"}]})
    result = one.exec_run("sh -c 'echo out; echo err >&2; exit 5'", demux=True)
    is_((result.exit_code, result.output), (5, (b"out\n", b"err\n")))
    raw = one.exec_run("cat", stdin=True, socket=True).output
    raw._sock.sendall(b"ping\n")
    is_(raw.read(13), b"\1\0\0\0\0\0\0\5ping\n")
    raw.close()
    is_(one.put_archive("/tmp", archive("f", b"abc")), True)
    data, stat = one.get_archive("/tmp/f")
    is_((stat["name"], stat["size"]), ("f", 3))
    is_(tarfile.open(fileobj=io.BytesIO(b"".join(data))).getnames(), ["f"])
    is_(one.top()["Titles"][0], "UID")
    assert one.stats(stream=False)["memory_stats"]["usage"] > 0
    assert {"Path": "/tmp/f", "Kind": 1} in one.diff()
    assert "bin/busybox" in tarfile.open(fileobj=io.BytesIO(b"".join(one.export()))).getnames()
    one.update(mem_limit="128m")
    one.rename("two")
    one.pause()
    one.unpause()
    one.reload()
    is_((one.name, one.attrs["HostConfig"]["Memory"]), ("two", 128 << 20))
    network.disconnect(one)
    network.connect(one, aliases=["other"])
    network.reload()
    is_([member.name for member in network.containers], ["two"])
    made = one.commit("docker-py-made", "t")
    saved = b"".join(client.images.get("docker-py-made:t").save(named=True))
    client.images.remove("docker-py-made:t")
    is_(client.images.load(saved)[0].tags, made.tags)
    one.stop(timeout=5)
    is_(one.wait()["StatusCode"], 143)
    one.start()
    one.restart(timeout=0)
    one.kill()
    is_(one.wait()["StatusCode"], 137)
    is_([c.name for c in client.containers.list(all=True, filters={"status": "exited"})], ["two"])
    now = int(time.time())
    actions = {e["Action"] for e in client.events(since=now - 100, until=now + 1, decode=True, filters={"container": one.id})}
    assert actions >= {"create", "start", "pause", "unpause", "rename", "stop", "die", "commit", "kill"}, actions
    one.remove()
    network.remove()
    client.volumes.get("docker-py").remove()


def streams():
    one = client.containers.create("busybox", "cat", stdin_open=True)
    raw = one.attach_socket(params={"stdin": 1, "stdout": 1, "stream": 1})
    one.start()
    raw._sock.sendall(b"hi\n")
    is_(raw.read(11), b"\1\0\0\0\0\0\0\3hi\n")
    raw.close()
    one.remove(force=True)
    one = client.containers.run("busybox", "sh -c 'for i in 1 2 3; do echo $i; sleep 0.1; done'", detach=True)
    is_(b"".join(one.logs(stream=True, follow=True)), b"1\n2\n3\n")
    is_(one.attach(logs=True), b"1\n2\n3\n")
    one.remove()


for part in (system, runs, builds, lives, streams):
    part()
is_(len(client.containers.prune()["ContainersDeleted"] or []), 0)
client.images.remove("docker-py:1")
client.images.remove("docker-py-made:t")
