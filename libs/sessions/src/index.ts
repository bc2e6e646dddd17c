export { readSessionsEnded, sessionsEndedChannel } from './ended.ts';
export {
  requireAccount,
  requireCoordinator,
  requireOperator,
  requirePrincipal,
  sessionsPlugin,
  signIn,
  signOut,
  type Freshness,
  type Session,
} from './plugin.ts';
export { openSessions, type Principal, type SessionStore } from './store.ts';
