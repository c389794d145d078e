// What the tests use of a package that comes without types.
declare module '@20minutes/s3rver' {
  export default class S3rver {
    constructor(options: {
      address: string;
      port: number;
      silent: boolean;
      directory: string;
      configureBuckets: readonly {name: string}[];
    });
    run(): Promise<{address: string; port: number}>;
    close(): Promise<void>;
  }
}
