const messages = {
  unauthenticated: 'Sign in first',
  forbidden_role: 'Not allowed for this role',
  sessions_unavailable: 'Sessions are unavailable',
} as const;

/** The chassis answers it with the problem that its `code` names. */
export class SessionError extends Error {
  override readonly name = 'SessionError';
  readonly code: keyof typeof messages;

  constructor(code: keyof typeof messages, options?: ErrorOptions) {
    super(messages[code], options);
    this.code = code;
  }
}
