/** The Redis channel, on the sessions instance, on which ended sessions are announced. */
export const sessionsEndedChannel = (keyPrefix = ''): string => `${keyPrefix}sessions-ended`;

/** An ended session, by the id that `idOf` and `list` give it; without one, all sessions of the account have ended. */
export interface EndedSessions {
  readonly accountId: string;
  readonly sessionId?: string;
}

/** Reads an announcement of `sessionsEndedChannel`. @returns undefined for a text that this version does not understand. */
export function readSessionsEnded(text: string): EndedSessions | undefined {
  const { accountId, sessionId } = parseObject(text);
  if (typeof accountId !== 'string') return undefined;
  if (sessionId === undefined) return { accountId };
  return typeof sessionId === 'string' ? { accountId, sessionId } : undefined;
}

function parseObject(text: string): Record<string, unknown> {
  try {
    return { ...(JSON.parse(text) as object | null) };
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}
