/** What accounts are counted and signed by: an address in a co-op. The same address in another co-op is another account. */
export interface AccountKey {
  readonly coopId: string;
  readonly email: string;
}
