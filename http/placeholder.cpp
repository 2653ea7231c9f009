namespace cued {}
