/** From which length on a history is too long for a worker that comes anew. */
import { dearHistoryEvents } from '../../src/workflows/engine/new-run';

/** Temporal suggests a new run then. */
const SUGGESTED_EVENTS = 4096;

test('the more workflows share a worker, the shorter', () => {
  expect(dearHistoryEvents(80)).toBe(250);
  expect(dearHistoryEvents(20)).toBe(1000);
});

test('of few a new run is due only when Temporal suggests it, of any number a run does not end at once', () => {
  expect(dearHistoryEvents(1)).toBeGreaterThan(SUGGESTED_EVENTS);
  expect(dearHistoryEvents(4)).toBeGreaterThan(SUGGESTED_EVENTS);
  expect(dearHistoryEvents(1_000_000)).toBe(150);
});
