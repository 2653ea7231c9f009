#include "http/middleware/probe.hpp"

#include <array>

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

namespace cued::http {

namespace {

constexpr std::array status_classes{"1xx", "2xx", "3xx", "4xx", "5xx"};

const prometheus::Histogram::BucketBoundaries duration_seconds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                               0.1,    0.25,  0.5,    1,     5,    30};

} // namespace

struct http_probe::series {
  std::array<prometheus::Counter*, status_classes.size()> requests;
  prometheus::Histogram* duration;
};

http_probe::http_probe(prometheus::Registry& registry, std::span<const route> routes) {
  auto& requests = prometheus::BuildCounter()
                       .Name("cued_http_requests_total")
                       .Help("Requests answered, by route, method and class of status")
                       .Register(registry);
  auto& durations = prometheus::BuildHistogram()
                        .Name("cued_http_request_duration_seconds")
                        .Help("From the end of a request's header block to its answer being ready")
                        .Register(registry);
  const auto add = [&](const route* r, const std::string& pattern, const std::string& method) {
    auto out = std::make_unique<series>();
    for (std::size_t i = 0; i < status_classes.size(); ++i)
      out->requests[i] = &requests.Add({{"route", pattern}, {"method", method}, {"status", status_classes[i]}});
    out->duration = &durations.Add({{"route", pattern}, {"method", method}}, duration_seconds);
    by_route_.emplace(r, std::move(out));
  };
  for (const auto& r : routes)
    add(&r, std::string{r.pattern}, std::string{to_string(r.method)});
  add(nullptr, "none", "any");
}

http_probe::~http_probe() = default;

void http_probe::answered(const route* matched, int status, std::chrono::nanoseconds took) {
  auto& s = *by_route_.at(matched);
  const auto status_class = static_cast<std::size_t>(status / 100 - 1);
  s.requests.at(status_class)->Increment();
  s.duration->Observe(std::chrono::duration<double>(took).count());
}

} // namespace cued::http
