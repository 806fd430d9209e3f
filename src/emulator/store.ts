/**
 * All state in one SQLite file.
 *
 * Keeps true: a call returns only when its change is written, so what was answered survives a kill -9 of the emulator.
 * (`synchronous = NORMAL` with a write-ahead log: safe against the death of the process, not of the machine.)
 */
import Database from 'libsql';
import type { OperationRecord } from './operation';
import type { RecordedRequest } from './request-log';

/** Something that an operation made, or that was uploaded. Visible once its operation has succeeded. */
export interface ResourceRecord {
  collection: string;
  id: string;
  createdAtMs: number;
  /** Absent: visible at once. */
  operationId?: string;
  description?: string;
  /** The collection's own fields. */
  content: Record<string, unknown>;
}

const schema = `
  CREATE TABLE IF NOT EXISTS operations (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, record TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS status_keys (key TEXT PRIMARY KEY, operation_id TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS idempotency (key TEXT PRIMARY KEY, operation_id TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS submits (key TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS resources (collection TEXT NOT NULL, id TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (collection, id));
  CREATE TABLE IF NOT EXISTS requests (seq INTEGER PRIMARY KEY, record TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
`;

const tables = ['operations', 'status_keys', 'idempotency', 'submits', 'resources', 'requests', 'settings'];

interface RecordRow {
  record: string;
}

export class Store {
  private readonly database: Database.Database;
  /** Answers that end after `close` find nothing to write to. */
  isOpen = true;
  private readonly statements = new Map<string, Database.Statement>();

  constructor(databasePath: string) {
    try {
      this.database = new Database(databasePath);
      this.database.pragma('journal_mode = WAL');
    } catch (err) {
      throw new Error(`the database ${databasePath} cannot be opened: it is no file, or not one of SQLite; --database names another`, {
        cause: err,
      });
    }
    this.database.pragma('synchronous = NORMAL');
    this.database.exec(schema);
  }

  close(): void {
    this.isOpen = false;
    this.database.close();
  }

  /** Runs `change` so that all of it is written, or nothing. */
  transaction<T>(change: () => T): T {
    this.database.exec('BEGIN IMMEDIATE');
    try {
      const result = change();
      this.database.exec('COMMIT');
      return result;
    } catch (error) {
      this.database.exec('ROLLBACK');
      throw error;
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.transaction(() => {
      for (const table of [...tables, 'sqlite_sequence']) this.database.exec(`DELETE FROM ${table}`);
    });
  }

  insertOperation(record: OperationRecord): void {
    this.run('INSERT INTO operations (id, record) VALUES (?, ?)', record.operationId, JSON.stringify(record));
  }

  updateOperation(record: OperationRecord): void {
    this.run('UPDATE operations SET record = ? WHERE id = ?', JSON.stringify(record), record.operationId);
  }

  operation(operationId: string): OperationRecord | undefined {
    return this.record('SELECT record FROM operations WHERE id = ?', operationId) as OperationRecord | undefined;
  }

  operations(): OperationRecord[] {
    return this.records('SELECT record FROM operations ORDER BY number') as OperationRecord[];
  }

  operationCount(): number {
    // Operations are never deleted one by one, so the highest number is the count, without reading them all.
    return this.number('SELECT coalesce(max(number), 0) AS n FROM operations');
  }

  setStatusKey(key: string, operationId: string): void {
    this.run('INSERT OR REPLACE INTO status_keys (key, operation_id) VALUES (?, ?)', key, operationId);
  }

  operationIdOfStatusKey(key: string): string | undefined {
    return this.text('SELECT operation_id AS t FROM status_keys WHERE key = ?', key);
  }

  setIdempotencyKey(key: string, operationId: string): void {
    this.run('INSERT OR REPLACE INTO idempotency (key, operation_id) VALUES (?, ?)', key, operationId);
  }

  operationIdOfIdempotencyKey(key: string): string | undefined {
    return this.text('SELECT operation_id AS t FROM idempotency WHERE key = ?', key);
  }

  countSubmit(key: string): void {
    this.run('INSERT INTO submits (key, count) VALUES (?, 1) ON CONFLICT (key) DO UPDATE SET count = count + 1', key);
  }

  submits(): { key: string; count: number }[] {
    return this.statement('SELECT key, count FROM submits ORDER BY key').all() as { key: string; count: number }[];
  }

  putResource(record: ResourceRecord): void {
    this.run(
      'INSERT OR REPLACE INTO resources (collection, id, record) VALUES (?, ?, ?)',
      record.collection,
      record.id,
      JSON.stringify(record),
    );
  }

  resource(collection: string, id: string): ResourceRecord | undefined {
    return this.record('SELECT record FROM resources WHERE collection = ? AND id = ?', collection, id) as ResourceRecord | undefined;
  }

  resources(collection: string): ResourceRecord[] {
    return this.records('SELECT record FROM resources WHERE collection = ? ORDER BY rowid', collection) as ResourceRecord[];
  }

  deleteResource(collection: string, id: string): void {
    this.run('DELETE FROM resources WHERE collection = ? AND id = ?', collection, id);
  }

  putRequest(seq: number, record: unknown): void {
    this.run('INSERT OR REPLACE INTO requests (seq, record) VALUES (?, ?)', seq, JSON.stringify(record));
  }

  deleteRequestsBefore(seq: number): void {
    this.run('DELETE FROM requests WHERE seq < ?', seq);
  }

  requests(): RecordedRequest[] {
    return this.records('SELECT record FROM requests ORDER BY seq') as RecordedRequest[];
  }

  setting(name: string): unknown {
    const value = this.text('SELECT value AS t FROM settings WHERE name = ?', name);
    return value === undefined ? undefined : JSON.parse(value);
  }

  setSetting(name: string, value: unknown): void {
    this.run('INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)', name, JSON.stringify(value));
  }

  private statement(sql: string): Database.Statement {
    let statement = this.statements.get(sql);
    if (statement === undefined) {
      statement = this.database.prepare(sql);
      this.statements.set(sql, statement);
    }
    return statement;
  }

  private run(sql: string, ...values: (string | number)[]): void {
    this.statement(sql).run(...values);
  }

  private record(sql: string, ...values: string[]): unknown {
    const row = this.statement(sql).get(...values) as RecordRow | undefined;
    return row === undefined ? undefined : JSON.parse(row.record);
  }

  private records(sql: string, ...values: string[]): unknown[] {
    return (this.statement(sql).all(...values) as RecordRow[]).map((row) => JSON.parse(row.record) as unknown);
  }

  private text(sql: string, value: string): string | undefined {
    return (this.statement(sql).get(value) as { t: string } | undefined)?.t;
  }

  private number(sql: string): number {
    return (this.statement(sql).get() as { n: number }).n;
  }
}
