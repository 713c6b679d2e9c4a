import type { Pinned } from "../system/download";

/** Of Pulumi: the same whether downloaded or built, the newest whose Go modules and digests are both public. */
export const PULUMI_VERSION = "3.258.0";
/** Of Go, which builds the engine's plugins where there is none. */
export const GO_VERSION = "1.26.1";
/** Of the engine's plugin that generates passwords: that of the npm package @pulumi/random. */
export const { version: RANDOM_VERSION } = require("@pulumi/random/package.json") as { version: string };

/** Of the engine's plugin that runs a stack's own commands: that of the npm package @pulumi/command. */
export const { version: COMMAND_VERSION } = require("@pulumi/command/package.json") as { version: string };

/** A kind of machine as Node.js names it: `linux-x64`. */
const thisPlatform = (): string => `${process.platform}-${process.arch}`;

/** As Go names it, with another word between: `linux-amd64`. */
export const goPlatform = (between: string, platform = thisPlatform()): string =>
    platform.replace("x64", "amd64").replace("-", between);

type Digests = Readonly<Record<string, string>>;

/** Formula/pulumi.rb of github.com/pulumi/homebrew-tap, "Brew formula update for Pulumi version 3.258.0" (18f79b6). */
const pulumi: Digests = {
    "linux-x64": "b6cf2de0243fece40f386bc7ae6a5194c39e15891c79f66cc6c8905bea8c6479",
    "linux-arm64": "c5928718c70ab328b22843ee41908942148743ff3021b29852efdcdd6ce369f1",
    "darwin-x64": "65cab2b670b6fd85e7bbcf956563cf7597ea13c2804c82f95f7407e60b01ec5f",
    "darwin-arm64": "4f743ed05afd9dc2e0663622e496bfe903a6ae6c102c54cf9e3f84af85a695bf",
};

/** versions.json of github.com/docker-library/golang (005ca41), which the official images of Go are made from. */
const go: Digests = {
    "linux-x64": "031f088e5d955bab8657ede27ad4e3bc5b7c1ba281f05f245bcc304f327c987a",
    "linux-arm64": "a290581cfe4fe28ddd737dde3095f3dbeb7f2e4065cab4eae44dfc53b760c2f7",
    "darwin-x64": "65773dab2f8cc4cd23d93ba6d0a805de150ca0b78378879292be0b903b8cdd08",
    "darwin-arm64": "353df43a7811ce284c8938b5f3c7df40b7bfb6f56cb165b150bc40b5e2dd541f",
};

/** pkgs/by-name/pu/pulumi-bin/data.nix of github.com/NixOS/nixpkgs (0501eb3), its base 32 in hexadecimal digits. */
const random: Digests = {
    "linux-x64": "f103d09d5091312743107529c7d15d9dcb9fb21d15a4b0c15209b3c9dde5eb88",
    "linux-arm64": "4fd9bf831d3fe82f66bd46e3cffd07e9ef1ff49823f3cca0ee6a80fdbc396946",
    "darwin-x64": "30e236e1face447ba42387c3edd1c4b1f8216f16dd7d21e55cf68742aec01f63",
    "darwin-arm64": "4a35c618e12a5822a2e69b93a18f42cb7f592695824530532f561a0a5c2fa347",
};

const pinned = (digests: Digests, platform: string, url: string): Pinned | undefined => {
    const sha256 = digests[platform];
    return sha256 === undefined ? undefined : { url, sha256 };
};

/** Pulumi's own release for a kind of machine; undefined where no digest of it is known. */
export const pulumiRelease = (platform = thisPlatform()): Pinned | undefined =>
    pinned(pulumi, platform, `https://get.pulumi.com/releases/sdk/pulumi-v${PULUMI_VERSION}-${platform}.tar.gz`);

/** Go for a kind of machine; undefined where no digest of it is known. */
export const goRelease = (platform = thisPlatform()): Pinned | undefined =>
    pinned(go, platform, `https://go.dev/dl/go${GO_VERSION}.${goPlatform("-", platform)}.tar.gz`);

/** The plugin random for a kind of machine; undefined where no digest of it is known. */
export const randomRelease = (platform = thisPlatform()): Pinned | undefined =>
    pinned(
        random,
        platform,
        `https://api.pulumi.com/releases/plugins/pulumi-resource-random-v${RANDOM_VERSION}-${goPlatform("-", platform)}.tar.gz`,
    );
