#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/http_load.hpp"
#include "bench/measure/database_meter.hpp"
#include "bench/measure/histogram.hpp"
#include "bench/measure/resources.hpp"
#include "bench/subject/server.hpp"
#include "domain/error.hpp"

namespace cued::bench {

/// How a scenario is run. What a scenario has no use for it leaves alone.
struct load_shape {
  std::size_t connections = 128;
  std::size_t tenants = 16;
  std::chrono::seconds duration{10};
  std::chrono::seconds warm_up{2};
  double rate = 0;            ///< per second; 0: as fast as answers come
  std::size_t cues = 10;      ///< of each tenant, where executions are made before
  std::size_t batch = 100;    ///< rows of one request, where requests have rows
  bool hold_snapshot = false; ///< during the whole measured part
};

/// What came of one run.
struct measurement {
  std::string scenario;
  load_shape shape;
  double operations_per_second = 0;
  std::uint64_t operations = 0; ///< what costs are divided by
  std::uint64_t failures = 0;
  std::map<std::string, histogram> latency;           ///< by kind of operation
  std::map<std::string, histogram> corrected_latency; ///< the same, corrected for coordinated omission
  std::map<std::string, histogram> lateness;          ///< by stage: fired, sent, delivered
  std::vector<std::uint64_t> per_tick;                ///< operations in each 100 ms
  cpu_split cpu;
  process_usage server_at_end, postgres_at_end;
  database_reading spent;
  std::map<std::string, double>
      figures; ///< what else the scenario has to say, name with unit last ("committed_within_ms")
  std::vector<std::string> history_faults; ///< what was lost or doubled, in words; empty: the history is sound
  std::vector<std::string> remarks;        ///< first failures and the like, for people
};

/// Where a scenario runs. Owned by main.
struct stage {
  server& subject;
  std::function<void(std::string_view)> progress; ///< one line, replaces the last
};

class scenario {
public:
  virtual ~scenario() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual std::string_view description() const = 0;
  /// The shape that its bar or figure is about; the command line overrides single fields.
  [[nodiscard]] virtual load_shape usual_shape() const { return {}; }
  /// Settings of a server that is started for this scenario, beyond those that every one of the harness' has.
  [[nodiscard]] virtual std::map<std::string, std::string> server_settings() const { return {}; }
  [[nodiscard]] virtual result<measurement> run(stage& at, const load_shape& shape) = 0;
};

using scenario_maker = std::unique_ptr<scenario> (*)();
/// All there are, in the order in which they are listed. Each file of bench/scenarios/ has its makers in catalogue.cpp.
[[nodiscard]] const std::vector<scenario_maker>& all_scenarios();

/// Meters switched on before the load and off after it; fills cpu, memory and database costs of a measurement, holds
/// the snapshot if the shape wants one. Usage: meters m{at, shape}; auto begun = m.begin(); …load…; m.end(out);
class meters {
public:
  meters(stage& at, const load_shape& shape);
  ~meters();
  [[nodiscard]] result<void> begin();
  [[nodiscard]] result<void> end(measurement& out);

private:
  struct state;
  std::unique_ptr<state> state_;
};

/// The load's figures into a measurement: latencies by kind, throughput, ticks, failures.
void take_over(const load_result& from, measurement& into);

} // namespace cued::bench
