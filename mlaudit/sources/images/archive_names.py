"""How archives of images and root file systems end; apart, so that a look at a name imports nothing that reads them."""

ARCHIVE_NAMES = (".tar", ".tgz", ".tar.gz", ".tar.zst", ".tar.bz2", ".tar.xz", ".oci")
