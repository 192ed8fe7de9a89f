"""Images and root file systems: archives, layouts and folders, as the files of them that an audit reads."""
