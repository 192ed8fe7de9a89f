"""conda's and pixi's languages: match specs, lock entries, manifests."""
