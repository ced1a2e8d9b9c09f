use super::api_type;

api_type! {
    /// `GET /api/installation`, without sign-in: what a workstation needs to install helper and extension.
    pub struct Installation {
        /// Version of the appliance.
        pub appliance_version: String,
        /// How browsers reach it, `https://host:port`.
        pub origin: String,
        /// Ids of the extension the page tries, in this order: the one this appliance packs, and the fixed id of the unpacked one.
        pub extension_ids: Vec<String>,
        /// Version of the extension this appliance serves.
        pub extension_version: String,
        /// Where browsers look for updates of the packed extension.
        pub extension_update_url: String,
        /// SHA-256 of the certificate authority's DER, hexadecimal; none = a public authority.
        pub ca_sha256: Option<String>,
        /// Where the certificate authority's PEM can be loaded, when it is not a public one.
        pub ca_url: Option<String>,
        /// Helper programs this appliance offers.
        pub helper_downloads: Vec<HelperDownload>,
    }

    /// A helper program to load from the appliance.
    pub struct HelperDownload {
        /// Operating system and processor, `linux-x86_64`.
        pub platform: String,
        /// Where.
        pub url: String,
        /// Its size.
        pub bytes: u64,
        /// Its SHA-256, hexadecimal.
        pub sha256: String,
    }
}
