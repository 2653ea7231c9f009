#include "http/middleware/error_envelope.hpp"

namespace cued::http {

void write_error(json::writer& w, const error& e) {
  w.begin_object().key("code").string(e.code).key("message").string(e.message).key("status").number(e.status);
  if (!e.details.empty()) {
    w.key("details").begin_array();
    for (const auto& p : e.details)
      w.begin_object().key("field").string(p.field).key("message").string(p.message).end_object();
    w.end_array();
  }
  w.end_object();
}

response error_response(const error& e) {
  json::writer w;
  write_error(w.begin_object().key("error"), e);
  write_error(w.key("detail").begin_object().key("error"), e);
  w.end_object().end_object();
  auto out = json_response(std::move(w).str(), e.status);
  if (e.retry_after_seconds)
    out.headers.emplace_back("Retry-After", std::to_string(*e.retry_after_seconds));
  if (e.status == 401)
    out.headers.emplace_back("WWW-Authenticate", "Bearer");
  return out;
}

} // namespace cued::http
