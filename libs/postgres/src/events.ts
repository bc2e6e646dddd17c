export type Role = 'primary' | 'replica';

/** What happens in a database's pools. Every `query` event is one round trip to a server. */
export type DatabaseEvent =
  /** `name` is the statement's, or `begin`, `commit`, `rollback`, `replayed`, `position` for the wrapper's own. */
  | {
      readonly type: 'query';
      readonly name: string;
      readonly role: Role;
      readonly ms: number;
      readonly failed: boolean;
    }
  /** A transaction or an autocommitted statement is run again; `code` is the SQLSTATE. */
  | { readonly type: 'retry'; readonly code: string; readonly attempt: number; readonly delayMs: number }
  /** An idle connection was lost, or one in use was found broken and destroyed. */
  | { readonly type: 'connection-lost'; readonly role: Role; readonly error: Error }
  /** Every connection of the primary's pool is being replaced: the server became a standby, or plans are stale. */
  | { readonly type: 'drained'; readonly code: string }
  | { readonly type: 'replica-down'; readonly replica: number; readonly error: Error; readonly coolDownMs: number }
  | { readonly type: 'replica-up'; readonly replica: number }
  | {
      readonly type: 'read';
      readonly role: Role;
      readonly because: 'any' | 'caught-up' | 'behind' | 'just-wrote' | 'replica-down' | 'conflict' | 'no-replica';
    }
  /** The caller's mark could not be stored; it stays as it was, so its reads stay on the primary. */
  | { readonly type: 'mark-lost'; readonly error: Error };

export type OnEvent = (event: DatabaseEvent) => void;
