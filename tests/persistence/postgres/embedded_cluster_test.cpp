#include "persistence/postgres/embedded_cluster.hpp"

#include <csignal>
#include <fstream>

#include <gmock/gmock.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "persistence/postgres/cluster_processes.hpp"
#include "persistence/postgres/cluster_setup.hpp"
#include "tests/persistence/test_database.hpp"

namespace cued::persistence {

namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// One cluster for all of these tests, made by the first: initdb is the slow part. Each test leaves it stopped.
class embedded_cluster_test : public ::testing::Test {
protected:
  static void SetUpTestSuite() { home_ = std::make_unique<test::temporary_directory>(); }
  static void TearDownTestSuite() { home_.reset(); }

  void TearDown() override { EXPECT_THAT(processes_in(layout().cluster()), IsEmpty()); }

  static std::filesystem::path data_dir() { return home_->path() / "data"; }
  static cluster_layout layout() { return cluster_layout{std::filesystem::canonical(home_->path()) / "data"}; }

  static result<std::unique_ptr<embedded_cluster>> open() { return embedded_cluster::open({data_dir(), "", false}); }

  static std::unique_ptr<embedded_cluster> opened() {
    auto cluster = open();
    if (!cluster)
      throw std::runtime_error(cluster.error().message);
    return std::move(*cluster);
  }

  static std::string refusal() {
    const auto cluster = open();
    return cluster ? "opened" : cluster.error().message;
  }

  static std::string value(const embedded_cluster& cluster, const std::string& sql) {
    pqxx::connection link{cluster.dsn()};
    return pqxx::nontransaction{link}.exec(sql)[0][0].as<std::string>();
  }

  static std::unique_ptr<test::temporary_directory> home_;
};

std::unique_ptr<test::temporary_directory> embedded_cluster_test::home_;

bool becomes_readable(int descriptor) {
  pollfd watched{descriptor, POLLIN, 0};
  return ::poll(&watched, 1, 30'000) == 1;
}

uid_t owner_of(const std::filesystem::path& path) {
  struct stat facts {};
  return ::stat(path.c_str(), &facts) == 0 ? facts.st_uid : static_cast<uid_t>(-1);
}

/// A cued of its own that opens the cluster, tells its postmaster and is killed: no destructor, no signal handler.
pid_t postmaster_of_a_killed_owner(const std::filesystem::path& data_dir) {
  int report[2];
  if (::pipe(report) != 0)
    return -1;
  const pid_t owner = ::fork();
  if (owner == 0) {
    const auto cluster = embedded_cluster::open({data_dir, "", false});
    const pid_t told = cluster ? (*cluster)->postmaster() : -1;
    [[maybe_unused]] const auto written = ::write(report[1], &told, sizeof told);
    ::raise(SIGKILL);
  }
  ::close(report[1]);
  pid_t postmaster = -1;
  EXPECT_EQ(::read(report[0], &postmaster, sizeof postmaster), static_cast<ssize_t>(sizeof postmaster));
  ::close(report[0]);
  int status = 0;
  ::waitpid(owner, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status));
  return postmaster;
}

} // namespace

TEST_F(embedded_cluster_test, is_made_from_nothing_durable_private_and_without_a_tcp_port) {
  const auto cluster = opened();
  EXPECT_FALSE(cluster->adopted());
  for (const char* setting : {"fsync", "synchronous_commit", "full_page_writes"})
    EXPECT_EQ(value(*cluster, std::string{"SHOW "} + setting), "on") << setting;
  EXPECT_EQ(value(*cluster, "SHOW listen_addresses"), "");
  EXPECT_EQ(value(*cluster, "SHOW server_encoding"), "UTF8");
  EXPECT_EQ(value(*cluster, "SELECT current_database() || '/' || current_user"), "cued/cued");
  struct stat facts {};
  ASSERT_EQ(::stat(layout().root().c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0700U);
  ASSERT_EQ(::stat(layout().socket_dir().c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0700U);
}

TEST_F(embedded_cluster_test, never_runs_as_root) {
  const auto cluster = opened();
  const auto uid = owner_of("/proc/" + std::to_string(cluster->postmaster()));
  EXPECT_NE(uid, 0U);
  EXPECT_EQ(owner_of(layout().cluster()), uid);
  if (::geteuid() != 0) {
    EXPECT_EQ(uid, ::geteuid());
  }
}

TEST_F(embedded_cluster_test, keeps_its_data_over_a_stop_and_leaves_nothing_running) {
  auto cluster = opened();
  value(*cluster, "CREATE TABLE IF NOT EXISTS kept AS SELECT 7 AS number; SELECT ''");
  const auto postmaster = cluster->postmaster();
  ASSERT_TRUE(cluster->stop());
  EXPECT_TRUE(cluster->stop()) << "stopping twice is harmless";
  EXPECT_FALSE(cluster->running());
  EXPECT_FALSE(child_process::attach(postmaster));
  EXPECT_THAT(processes_in(layout().cluster()), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(layout().pid_file()));
  cluster.reset();
  EXPECT_EQ(value(*opened(), "SELECT number FROM kept"), "7");
}

TEST_F(embedded_cluster_test, a_postmaster_whose_owner_was_killed_is_adopted) {
  const auto postmaster = postmaster_of_a_killed_owner(data_dir());
  ASSERT_GT(postmaster, 0);
  const auto cluster = opened();
  EXPECT_TRUE(cluster->adopted());
  EXPECT_EQ(cluster->postmaster(), postmaster);
  EXPECT_EQ(value(*cluster, "SELECT 1"), "1");
  EXPECT_TRUE(cluster->stop());
  EXPECT_FALSE(child_process::attach(postmaster));
}

TEST_F(embedded_cluster_test, a_second_cued_in_the_same_directory_is_refused_and_told_by_whom) {
  const auto first = opened();
  const auto words = refusal();
  EXPECT_THAT(words, HasSubstr("in use by process " + std::to_string(::getpid())));
  EXPECT_THAT(words, HasSubstr("--data-dir"));
  EXPECT_TRUE(first->running());
}

TEST_F(embedded_cluster_test, a_lock_file_that_was_left_behind_means_nothing) {
  opened();
  std::ofstream{layout().lock_file()} << "1\n";
  EXPECT_TRUE(opened()->running());
}

TEST_F(embedded_cluster_test, a_killed_postmaster_is_noticed_and_started_again) {
  const auto cluster = opened();
  const auto before = cluster->postmaster();
  value(*cluster, "CREATE TABLE IF NOT EXISTS survives AS SELECT 1 AS number; SELECT ''");
  ASSERT_EQ(::kill(before, SIGKILL), 0);
  ASSERT_TRUE(becomes_readable(cluster->exit_descriptor()));
  EXPECT_FALSE(cluster->running());
  const auto restarted = cluster->ensure_running();
  ASSERT_TRUE(restarted) << restarted.error().message;
  EXPECT_NE(cluster->postmaster(), before);
  EXPECT_EQ(value(*cluster, "SELECT number FROM survives"), "1");
  EXPECT_TRUE(cluster->ensure_running()) << "nothing to do";
}

TEST_F(embedded_cluster_test, a_stale_pid_file_that_names_a_living_stranger_does_not_keep_it_from_starting) {
  opened();
  const auto who = choose_account(layout());
  ASSERT_TRUE(who);
  auto stranger = child_process::start({{"/bin/sleep", "600"}, {}, *who, home_->path() / "stranger.log", SIGKILL});
  ASSERT_TRUE(stranger) << stranger.error().message;
  std::ofstream{layout().pid_file()} << stranger->pid() << "\n"
                                     << layout().cluster().string() << "\n0\n5432\n\n\n\nready\n";
  EXPECT_FALSE(opened()->adopted());
  EXPECT_FALSE(stranger->ended()) << "it was left alone";
  stranger->signal(SIGKILL);
  EXPECT_TRUE(stranger->wait_for_end(30s));
}

TEST_F(embedded_cluster_test, a_cluster_of_another_major_version_is_refused_with_a_way_out) {
  opened();
  std::string version;
  std::getline(std::ifstream{layout().version_file()}, version);
  std::ofstream{layout().version_file()} << "9\n";
  const auto words = refusal();
  std::ofstream{layout().version_file()} << version << "\n";
  EXPECT_THAT(words, HasSubstr("was made by PostgreSQL 9"));
  EXPECT_THAT(words, HasSubstr("installed here is " + version));
  EXPECT_THAT(words, HasSubstr("apt-get install postgresql-9"));
  EXPECT_THAT(words, HasSubstr("pg_upgrade"));
  EXPECT_TRUE(opened()->running()) << "nothing was touched";
}

TEST_F(embedded_cluster_test, a_damaged_cluster_is_refused_and_not_made_anew) {
  opened();
  std::filesystem::rename(layout().version_file(), layout().version_file().string() + ".away");
  EXPECT_THAT(refusal(), HasSubstr("PG_VERSION"));
  std::filesystem::rename(layout().version_file().string() + ".away", layout().version_file());
}

TEST_F(embedded_cluster_test, what_the_server_says_against_its_configuration_reaches_the_operator) {
  opened();
  const auto file = layout().cluster() / "postgresql.auto.conf";
  std::ofstream{file} << "no_such_setting = 1\n";
  EXPECT_THAT(refusal(), HasSubstr("no_such_setting"));
  std::ofstream{file} << "";
}

TEST_F(embedded_cluster_test, programs_that_are_not_where_they_were_said_to_be_are_told) {
  const auto cluster = embedded_cluster::open({data_dir(), "/nowhere", false});
  ASSERT_FALSE(cluster);
  EXPECT_THAT(cluster.error().message, HasSubstr("POSTGRES_BIN_DIR=/nowhere"));
}

TEST(embedded_cluster_setup, an_initdb_that_was_killed_is_done_again) {
  const test::temporary_directory home;
  const cluster_layout layout{std::filesystem::canonical(home.path())};
  std::filesystem::create_directories(layout.incomplete_cluster() / "base");
  const auto cluster = embedded_cluster::open({home.path(), "", true});
  ASSERT_TRUE(cluster) << cluster.error().message;
  EXPECT_FALSE(std::filesystem::exists(layout.incomplete_cluster()));
}

TEST(embedded_cluster_setup, a_directory_that_the_account_may_not_enter_is_named) {
  if (::geteuid() != 0)
    GTEST_SKIP() << "only root hands the cluster to another account";
  const test::temporary_directory home;
  const auto closed = std::filesystem::canonical(home.path()) / "closed";
  std::filesystem::create_directory(closed);
  ::chmod(closed.c_str(), 0700);
  const auto cluster = embedded_cluster::open({closed / "data", "", true});
  ASSERT_FALSE(cluster);
  EXPECT_THAT(cluster.error().message, HasSubstr("chmod o+x " + closed.string() + ")"));
}

TEST(embedded_cluster_setup, a_foreign_directory_in_its_place_is_refused) {
  if (::geteuid() != 0)
    GTEST_SKIP() << "only root can give a directory away";
  const test::temporary_directory home;
  const cluster_layout layout{std::filesystem::canonical(home.path())};
  std::filesystem::create_directories(layout.root());
  std::filesystem::create_directory(layout.root() / "run");
  const auto cluster = embedded_cluster::open({home.path(), "", true});
  ASSERT_FALSE(cluster);
  EXPECT_THAT(cluster.error().message, HasSubstr((layout.root() / "run").string() + " exists, but"));
}

TEST(cluster_layout, the_socket_is_below_the_data_directory_when_its_path_fits) {
  const cluster_layout layout{"/var/lib/cued"};
  EXPECT_EQ(layout.socket_dir(), "/var/lib/cued/postgres/run");
  EXPECT_EQ(layout.dsn(), "host='/var/lib/cued/postgres/run' port=5432 user=cued dbname='cued'");
}

TEST(cluster_layout, a_path_too_long_for_a_socket_gets_a_directory_below_tmp_that_depends_on_it) {
  const cluster_layout one{"/" + std::string(90, 'a')};
  const cluster_layout other{"/" + std::string(90, 'b')};
  EXPECT_EQ(one.socket_dir().parent_path(), "/tmp");
  EXPECT_NE(one.socket_dir(), other.socket_dir());
  EXPECT_EQ(one.socket_dir(), cluster_layout{"/" + std::string(90, 'a')}.socket_dir());
}

TEST(cluster_layout, odd_characters_in_the_path_survive_libpq) {
  EXPECT_EQ(cluster_layout{"/it's"}.dsn("a\\b"), "host='/it\\'s/postgres/run' port=5432 user=cued dbname='a\\\\b'");
}

TEST(embedded_cluster_setup, a_long_path_with_odd_characters_works) {
  const test::temporary_directory home;
  const auto data_dir = home.path() / ("it's, \"quoted\" " + std::string(90, 'x'));
  auto cluster = embedded_cluster::open({data_dir, "", true});
  ASSERT_TRUE(cluster) << cluster.error().message;
  pqxx::connection link{(*cluster)->dsn()};
  EXPECT_EQ(pqxx::nontransaction{link}.exec("SELECT 1")[0][0].as<int>(), 1);
  const cluster_layout layout{std::filesystem::canonical(data_dir)};
  cluster->reset();
  EXPECT_FALSE(std::filesystem::exists(layout.socket_dir())) << "nothing is left in /tmp";
}

} // namespace cued::persistence
