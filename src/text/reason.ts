/** What a thrown value says, for messages to people. Workflow code has its own, which looks behind what Temporal wraps (`workflows/failures.ts`). */

/** An error's message, or its name where it has none; any other value as text. */
export function reasonOf(err: unknown): string {
  return err instanceof Error ? err.message || err.name : String(err);
}
