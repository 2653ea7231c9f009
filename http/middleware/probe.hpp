#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <unordered_map>

#include "http/server/route.hpp"

namespace prometheus {
class Counter;
class Histogram;
class Registry;
} // namespace prometheus

namespace cued::http {

/// The metrics of the HTTP side, registered once: `cued_http_requests_total{route,method,status}` (status as a class,
/// `2xx`) and `cued_http_request_duration_seconds{route,method}`. What matched no route is route `none`.
/// Thread: any.
class http_probe {
public:
  http_probe(prometheus::Registry& registry, std::span<const route> routes);
  ~http_probe();

  void answered(const route* matched, int status, std::chrono::nanoseconds took);

private:
  struct series;
  std::unordered_map<const route*, std::unique_ptr<series>> by_route_;
};

} // namespace cued::http
