"""Writes an image archive to standard output: archives.py docker|oci [FAULT]. Its layer holds one file, /word."""
import hashlib, io, json, sys, tarfile

kind, fault = sys.argv[1], (sys.argv[2:] + [""])[0]


def sha(data):
    return hashlib.sha256(data).hexdigest()


def layer(text):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        info = tarfile.TarInfo("word")
        info.size = len(text)
        tar.addfile(info, io.BytesIO(text))
    return out.getvalue()


content = layer(b"right")
diff_id = "sha256:" + sha(content)
if fault == "diff_id":
    diff_id = "sha256:" + sha(b"something else")
if fault == "diff_id_text":
    diff_id = "sha256:../../../etc"
config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Cmd": ["/word"]},
                     "rootfs": {"type": "layers", "diff_ids": [diff_id]}}).encode()

archive = tarfile.open(fileobj=sys.stdout.buffer, mode="w|")


def add(name, data, link=None):
    info = tarfile.TarInfo(name)
    if link is not None:
        info.type, info.linkname = tarfile.SYMTYPE, link
        archive.addfile(info)
        return
    info.size = len(data)
    archive.addfile(info, io.BytesIO(data))


if kind == "docker":
    name = sha(config) + ".json"
    member = "layer/layer.tar"
    manifest = {"Config": name, "RepoTags": ["loaded:docker"], "Layers": [member]}
    if fault == "config_path":
        manifest["Config"] = "../../../../etc/passwd"
    if fault == "config_absolute":
        manifest["Config"] = "/etc/passwd"
    if fault == "tag":
        manifest["RepoTags"] = ["evil\x1b[2J:x"]
    if fault == "count":
        manifest["Layers"] = []
    add(name, config)
    if fault == "link":
        add(member, b"", "/etc/passwd")
    else:
        add(member, content)
    text = json.dumps([manifest])
    if fault == "twice":
        text = text.replace('"Config"', '"Config": "x", "Config"')
    add("manifest.json", text.encode())
else:
    def descriptor(media, data):
        return {"mediaType": media, "digest": "sha256:" + sha(data), "size": len(data)}

    oci = "application/vnd.oci.image."
    manifest = {"schemaVersion": 2, "mediaType": oci + "manifest.v1+json",
                "config": descriptor(oci + "config.v1+json", config),
                "layers": [descriptor(oci + "layer.v1.tar", content)]}
    if fault == "size":
        manifest["layers"][0]["size"] += 1
    if fault == "config_size":
        manifest["config"]["size"] -= 1
    if fault == "digest_text":
        manifest["layers"][0]["digest"] = "sha256:../../../../etc/passwd"
    if fault == "both":
        manifest["manifests"] = [descriptor(oci + "manifest.v1+json", b"")]
    text = json.dumps(manifest).encode()
    index = {"schemaVersion": 2, "manifests": [dict(descriptor(oci + "manifest.v1+json", text),
             annotations={"io.containerd.image.name": "docker.io/library/loaded:oci"})]}
    add("oci-layout", b'{"imageLayoutVersion": "1.0.0"}')
    add("blobs/sha256/" + sha(config), config + (b" " if fault == "config_bytes" else b""))
    add("blobs/sha256/" + sha(content), layer(b"wrong") if fault == "layer_bytes" else content)
    add("blobs/sha256/" + sha(text), text.replace(b"2", b"3", 1) if fault == "manifest_bytes" else text)
    add("index.json", json.dumps(index).encode())
archive.close()
