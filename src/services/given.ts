/** The SDK's types let every member be absent; what the model requires has been checked before an operation is asked. */
export type Given<Input, Required extends keyof Input> = Omit<Input, Required> & {
  readonly [Member in Required]-?: NonNullable<Input[Member]>;
};
