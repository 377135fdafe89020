// What programs do with dockerode, against DOCKER_HOST; ends with 0 when every answer is as Docker's.
const assert = require('assert');
const Docker = require('dockerode');
const { PassThrough } = require('stream');

const gather = () => {
	const out = new PassThrough();
	out.text = '';
	out.on('data', (piece) => (out.text += piece));
	return out;
};

(async () => {
	const docker = new Docker({ socketPath: process.env.DOCKER_HOST.replace('unix://', '') });
	assert.equal((await docker.ping()).toString(), 'OK');

	const out = gather();
	const [result, ran] = await docker.run('busybox', ['sh', '-c', 'echo from dockerode; exit 3'], out);
	assert.deepEqual([result.StatusCode, out.text.trim()], [3, 'from dockerode']);
	await ran.remove();
	await assert.rejects(docker.getContainer('nope').inspect(), { statusCode: 404 });

	const one = await docker.createContainer({ Image: 'busybox', Cmd: ['sleep', '1000'], name: 'one',
		ExposedPorts: { '80/tcp': {} }, HostConfig: { PortBindings: { '80/tcp': [{ HostPort: '0' }] } } });
	await one.start();
	await assert.rejects(one.start(), { statusCode: 304 });
	assert.ok(Number((await one.inspect()).NetworkSettings.Ports['80/tcp'][0].HostPort) > 0);

	const exec = await one.exec({ Cmd: ['cat'], AttachStdin: true, AttachStdout: true, AttachStderr: true });
	const stream = await exec.start({ hijack: true, stdin: true });
	const echoed = gather();
	docker.modem.demuxStream(stream, echoed, echoed);
	stream.end('through exec\n');
	await new Promise((resolve) => stream.on('end', resolve));
	assert.deepEqual([echoed.text.trim(), (await exec.inspect()).ExitCode], ['through exec', 0]);

	assert.equal((await docker.listContainers({ filters: { name: ['one'] } })).length, 1);
	assert.ok((await one.stats({ stream: false })).memory_stats.usage > 0);
	const build = await docker.buildImage({ context: __dirname + '/web', src: ['Dockerfile'] },
		{ t: 'dockerode', buildargs: { text: 'x' } });
	const lines = await new Promise((resolve, reject) =>
		docker.modem.followProgress(build, (error, all) => (error ? reject(error) : resolve(all))));
	assert.equal(lines.pop().stream, 'Successfully tagged dockerode:latest\n');

	const network = await docker.createNetwork({ Name: 'dockerode' });
	await network.connect({ Container: 'one' });
	assert.equal(Object.keys((await network.inspect()).Containers).length, 1);
	await network.disconnect({ Container: 'one', Force: true });
	await network.remove();
	await (await docker.createVolume({ Name: 'dockerode' })).remove();
	await one.stop({ t: 0 });
	await one.remove();
	await docker.getImage('dockerode').remove();
})().catch((error) => {
	console.error(error);
	process.exit(1);
});
