// SPDX-License-Identifier: BSL-1.0
// Talks to the server through ioredis, in its own version of the protocol, and in 2. Usage: ioredis.js PORT
const assert = require('assert');
const Redis = require('ioredis');

async function talk(options) {
  const port = Number(process.argv[2]);
  const [r, s] = [new Redis({port, ...options}), new Redis({port, ...options})];
  assert.equal(await r.set('a', 'b', 'EX', 100, 'NX'), 'OK');
  assert.equal(await r.set('a', 'c', 'NX'), null);
  assert.equal(await r.get('a'), 'b');
  assert.equal(await r.del('a', 'none'), 1);
  assert.equal(await r.get('a'), null);
  await assert.rejects(r.call('NONSENSE'));
  const all = await Promise.all([...Array(100).keys()].map(number => r.echo(number)));
  assert.deepEqual(all, [...Array(100).keys()].map(String));
  assert.equal(await s.subscribe('x', 'y'), 2);
  const heard = new Promise(resolve => s.on('message', (channel, text) => resolve([channel, text])));
  assert.equal(await r.publish('x', 'hello'), 1);
  assert.deepEqual(await heard, ['x', 'hello']);
  assert.equal(await s.unsubscribe(), 0);
  assert.equal(await s.get('a'), null);
  for (const each of [r, s])
    assert.equal(await each.quit(), 'OK');
}

talk({}).then(() => talk({protocol: 2})).then(
    () => console.log('ioredis', require('ioredis/package.json').version),
    error => { console.error(error); process.exit(1); });
