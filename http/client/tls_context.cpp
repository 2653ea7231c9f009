#include "http/client/tls_context.hpp"

namespace cued::http::client {

namespace ssl = boost::asio::ssl;

result<ssl::context> make_tls_context(const trusted_roots& roots) {
  ssl::context tls{ssl::context::tls_client};
  SSL_CTX* const native = tls.native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  tls.set_verify_mode(ssl::verify_peer);
  constexpr unsigned char http_1_1[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  SSL_CTX_set_alpn_protos(native, http_1_1, sizeof http_1_1);

  if (roots.file.empty())
    SSL_CTX_set_default_verify_file(native); // without the file OpenSSL only trusts nobody
  else if (SSL_CTX_load_verify_file(native, roots.file.c_str()) != 1)
    return fail(500, "unusable_roots", "No certificate could be read from " + roots.file);
  if (roots.directory.empty())
    SSL_CTX_set_default_verify_dir(native);
  else
    SSL_CTX_load_verify_dir(native, roots.directory.c_str()); // read at each use: may be filled later
  return tls;
}

} // namespace cued::http::client
