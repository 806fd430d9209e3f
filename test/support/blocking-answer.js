/** Loaded into a worker process: whoever parses an answer that says so keeps the event loop busy for 300 ms of work. */
const parse = JSON.parse;
JSON.parse = (text, ...more) => {
  if (typeof text === 'string' && text.includes('keep the event loop busy')) {
    const { user } = process.cpuUsage();
    while (process.cpuUsage().user - user < 300_000);
  }
  return parse(text, ...more);
};
