/** What the first process of a server and its workers say to each other. */
import type { Config } from '../../config.ts';

export type ToWorker =
  | { readonly kind: 'start'; readonly config: Config }
  /** End in order. */
  | { readonly kind: 'end' }
  /** Tell your part of the metrics. */
  | { readonly kind: 'report'; readonly id: number }
  /** The metrics of all that you asked for. */
  | { readonly kind: 'metrics'; readonly id: number; readonly text: string; readonly contentType: string };

export type FromWorker =
  | { readonly kind: 'ready'; readonly origin: string; readonly registryHost: string }
  /** It cannot start; the text is for a person. */
  | { readonly kind: 'failed'; readonly explanation: string }
  | { readonly kind: 'reported'; readonly id: number; readonly metrics: object[] }
  /** Somebody asks for the metrics of all. */
  | { readonly kind: 'scrape'; readonly id: number };
