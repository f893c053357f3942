package server

// AtOnce is Config.Expire for a site that keeps no mail that has been fetched.
const AtOnce = -1
