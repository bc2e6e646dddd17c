export { readSessionsEnded, sessionsEndedChannel, type EndedSessions } from './ended.ts';
export {
  requireCoordinator,
  requireGuardian,
  requirePrincipal,
  sessionsPlugin,
  signIn,
  signOut,
  type Coordinator,
  type Freshness,
  type Guardian,
  type Session,
} from './plugin.ts';
export {
  openSessions,
  type Mark,
  type Principal,
  type SessionStore,
  type SessionSummary,
  type StoredSession,
} from './store.ts';
