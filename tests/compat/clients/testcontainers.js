// A test as people write them with testcontainers, against DOCKER_HOST; its reaper is an image of a registry, so without.
const assert = require('assert');
const { GenericContainer, Network, Wait } = require('testcontainers');

const page = async (container, port) =>
	(await (await fetch(`http://${container.getHost()}:${container.getMappedPort(port)}/`)).text()).trim();

(async () => {
	const network = await new Network().start();
	const web = await new GenericContainer('busybox')
		.withCommand(['sh', '-c', 'mkdir /srv; echo hi >/srv/index.html; echo ready; exec httpd -f -p 80 -h /srv'])
		.withNetwork(network).withNetworkAliases('web').withExposedPorts(80)
		.withCopyContentToContainer([{ content: 'copied', target: '/tmp/x' }])
		.withWaitStrategy(Wait.forAll([Wait.forLogMessage('ready'), Wait.forListeningPorts(), Wait.forHttp('/', 80)]))
		.start();
	assert.equal((await web.exec(['cat', '/tmp/x'])).output, 'copied');
	assert.equal(await page(web, 80), 'hi');
	await web.stop();
	const image = await GenericContainer.fromDockerfile(__dirname + '/web').withBuildArgs({ text: 'built' })
		.build('testcontainers:1', { deleteOnExit: false });
	const built = await image.withExposedPorts(8000)
		.withHealthCheck({ test: ['CMD', 'true'], interval: 500, timeout: 1000, retries: 3, startPeriod: 0 })
		.withWaitStrategy(Wait.forHealthCheck()).start();
	assert.equal(await page(built, 8000), 'built');
	await built.stop();
	await network.stop();
})().catch((error) => {
	console.error(error);
	process.exit(1);
});
