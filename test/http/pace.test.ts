import { Pace, type Clock } from '../../src/http/pace';
import { connectionTo, get, post, service } from './service';

/** Time that passes only by sleeping. */
class TestClock implements Clock {
  private ms = 1_000_000;
  now = () => this.ms;
  sleep = (milliseconds: number) => {
    this.ms += milliseconds;
    return Promise.resolve();
  };
}

describe('submits', () => {
  it('and polls are spaced, other reads are not', async () => {
    const clock = new TestClock();
    const pace = new Pace({ concurrentRequests: 10, submitsPerSecond: 4, pollsPerSecond: 2 }, clock);
    const started: number[] = [];
    const start = () => Promise.resolve(started.push(clock.now() - 1_000_000));
    for (let i = 0; i < 3; i++) await pace.run('submit', 60, start);
    await pace.run('other', 60, start);
    for (let i = 0; i < 2; i++) await pace.run('poll', 60, start);
    expect(started).toEqual([0, 250, 500, 500, 500, 1000]);
  });

  it('and polls are refused at once while the service wants to be left alone, other reads are not', async () => {
    const clock = new TestClock();
    const pace = new Pace({ concurrentRequests: 10, submitsPerSecond: 1000, pollsPerSecond: 1000 }, clock);
    pace.hold(7);
    pace.hold(3);
    expect(await pace.run('other', 60, () => Promise.resolve('read'))).toEqual({ kind: 'done', value: 'read' });
    expect(await pace.run('submit', 60, () => Promise.reject(new Error('was run')))).toEqual({ kind: 'refused', waitedSeconds: 0 });
    expect(await pace.run('poll', 60, () => Promise.reject(new Error('was run')))).toEqual({ kind: 'refused', waitedSeconds: 0 });
    expect(pace.heldSeconds).toBe(7);
  });

  it('are held ten seconds at most', () => {
    const pace = new Pace({ concurrentRequests: 10, submitsPerSecond: 1, pollsPerSecond: 1 }, new TestClock());
    pace.hold(36_000);
    expect(pace.heldSeconds).toBe(10);
  });

  it('are refused at once when their turn would come too late', async () => {
    const clock = new TestClock();
    const pace = new Pace({ concurrentRequests: 10, submitsPerSecond: 0.01, pollsPerSecond: 1 }, clock);
    await pace.run('submit', 10, () => Promise.resolve());
    expect(await pace.run('submit', 10, () => Promise.reject(new Error('was run')))).toEqual({ kind: 'refused', waitedSeconds: 0 });
  });

  it('that wait in the queue when a pause begins are refused as well', async () => {
    const clock = new TestClock();
    const pace = new Pace({ concurrentRequests: 1, submitsPerSecond: 1000, pollsPerSecond: 1000 }, clock);
    const first = pace.run('other', 60, async () => {
      await new Promise(setImmediate);
      pace.hold(5);
    });
    const second = pace.run('submit', 60, () => Promise.reject(new Error('was run')));
    expect(await first).toMatchObject({ kind: 'done' });
    expect(await second).toMatchObject({ kind: 'refused' });
  });
});

describe('a service that is busy', () => {
  it.each([429, 503])('and says so with %d and Retry-After holds the submits and polls of its connection', async (status) => {
    const { url } = await service((_, response) => response.writeHead(status, { 'retry-after': '8' }).end());
    const connection = connectionTo({ baseUrl: url });
    await connection.exchange(get(url));
    expect(connection.heldSeconds).toBeGreaterThan(7);
    const refused = await connection.exchange(post(url));
    expect(refused).toMatchObject({ kind: 'noAnswer', maybeSent: false, reason: expect.stringMatching(/^not sent: .* pause/) });
    expect(refused).toHaveProperty('waitSeconds', expect.closeTo(8, 0));
  });

  it('gets no more requests at once than the connection allows', async () => {
    let now = 0;
    let most = 0;
    const { url } = await service((_, response) => {
      most = Math.max(most, ++now);
      setTimeout(() => {
        now--;
        response.end();
      }, 20);
    });
    const connection = connectionTo({ baseUrl: url, limits: { concurrentRequests: 3 } });
    await Promise.all(Array.from({ length: 9 }, () => connection.exchange(get(url))));
    expect(most).toBe(3);
  });
});
