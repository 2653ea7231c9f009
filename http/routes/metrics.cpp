#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "http/routes/public_handlers.hpp"

/// GET /metrics: everything the probes of all folders have registered.
namespace cued::http {

boost::asio::awaitable<result<response>> show_metrics(services& with, request&) {
  response out;
  out.content_type = "text/plain; version=0.0.4; charset=utf-8";
  out.body = prometheus::TextSerializer{}.Serialize(with.metrics.Collect());
  co_return out;
}

} // namespace cued::http
