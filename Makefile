# ringcast. `make help` lists the targets; the object lists below are the table of contents.

SHELL := /bin/bash
.DEFAULT_GOAL := all

CC       ?= gcc
CXX      ?= g++
ifeq ($(origin CC),default)
CC := gcc
endif
ifeq ($(origin CXX),default)
CXX := g++
endif
PREFIX   ?= /usr/local
DESTDIR  ?=
SAN      ?=
# V=1 shows the commands.
V        ?=
WERROR   ?=
NDEBUG   ?=

comma := ,
# Every kind of build has a folder of its own, so that none disturbs another.
BUILD ?= build$(if $(SAN),/san-$(subst $(comma),-,$(SAN)))

# --- what is built from what -----------------------------------------------------------------------

COMMON := address camera_feed camera_id camera_status clock config config_access config_cameras \
          config_document config_errors config_history config_options config_polygons \
          config_reference config_section config_spaces config_tokens config_url config_value \
          config_wait control_client \
          control_peer control_server ctl_format curl_loop directory_watch fd frame_container \
          frame_publisher frame_rate frame_ring frame_ring_reader health jpeg_info log log_tail loop \
          memory messages own_folder picture_fault picture_hash picture_mask polygon process_usage program \
          rectangle report schedule supervisor_state text_hash text_table

CAPTURE := backoff camera camera_request clip file_source mjpeg_parser mjpeg_part mjpeg_source \
           probe snapshot_source source

DETECTOR := annotate assignment boxes camera camera_counts chain_quality decode demand detections \
            detector draw encode font frame_job ink json_text kalman label_places layout metadata \
            metadata_spaces model_file model_names names object observer occupancy onnx_file palette \
            picture pieces pipeline poster preprocess probe rgb_row scheduler service settings tracker \
            trails twins view worker

BROADCASTER := routes services \
               $(addprefix access/, access credentials forwarded gate host_check limits rate_table \
                                   reconnects signed_token token_rules visits) \
               $(addprefix api/, api_camera_edit api_camera_test api_cameras api_history \
                                api_metrics api_operations api_processes api_session api_status \
                                api_tokens api_viewers api_warnings control_service \
                                metrics_sources metrics_text summary) \
               $(addprefix cameras/, camera_changes camera_edit camera_fields camera_overlay \
                                    child_process) \
               $(addprefix history/, history history_bucket history_database history_ingest \
                                    history_query history_queue history_reading history_retention \
                                    history_rows history_scan history_time history_writer) \
               $(addprefix intake/, intake intake_scanner picture_check pushed_camera pushed_set \
                                   streamer streamer_message) \
               $(addprefix network/, connection output_queue peer_timer shared_bytes stall tcp_link \
                                    tls tls_stream transport) \
               $(addprefix protocol/, api_body api_json gzip gzip_cache http_answer http_head \
                                     http_reader http_response http_server http_session \
                                     http_stream http_syntax http_target identity listener \
                                     missing_page page_address static_files static_folder \
                                     subprotocol timed_pong \
                                     websocket_handshake websocket_reader websocket_session) \
               $(addprefix streams/, adaptation camera_watch counters demand detector_watch \
                                    frame_message frame_stages histogram hub raw_source \
                                    renderings stream wish) \
               $(addprefix text/, base64 base64_avx2 json_scanner sorted utf8) \
               $(addprefix viewers/, channel drawing mjpeg snapshot subscription viewer \
                                    viewer_command viewer_message viewer_request viewer_say \
                                    viewer_serve viewer_set viewer_streams viewer_text)

CTL := ctl ctl_processes ctl_question ctl_status ctl_store ctl_token ctl_top ctl_top_view ctl_wait
CATALOGUE := catalogue download store
CAMSIM := arguments auth camera client faults frames multipart picture request scene \
          scene_backdrop scene_car_model scene_cast scene_fixture_model scene_ground scene_layout \
          scene_light scene_math scene_mesh scene_noise scene_path scene_people scene_person_model \
          scene_raster scene_render scene_shadow scene_truth scene_view scene_world

# Unit tests, by the library that they test: tests/unit/<library>_<module>_test.c
UNIT_COMMON := address camera_feed camera_id camera_status clock config config_access \
               config_document config_options config_url config_wait control control_life \
               curl_loop fd \
               frame_container frame_publisher frame_rate frame_ring frame_ring_forged \
               frame_ring_threads frame_ring_torture health jpeg_info log log_tail messages \
               own_folder picture_fault picture_hash picture_mask polygon process_usage program schedule \
               supervisor_state text_hash text_table
UNIT_CAPTURE := backoff clip mjpeg_parser mjpeg_part
UNIT_DETECTOR := annotate assignment boxes camera_counts chain_quality decode demand draw json_text \
                 kalman label_places layout metadata model_file object observer occupancy onnx_file palette \
                 pieces preprocess rgb_row scheduler settings tracker trails twins \
                 view
UNIT_BROADCASTER := adaptation base64 camera_fields camera_overlay child_process connection \
                    connection_end counters credentials forwarded frame_message gzip gzip_cache \
                    history history_bucket history_database history_queue history_reading history_scan \
                    history_time history_writer host_check http_head http_reader \
                    http_session http_target http_taken_over hub \
                    intake_scanner limits listener metrics_text missing_page page_address \
                    peer_timer picture_check rate_table reconnects renderings signed_token sorted \
                    streamer_message subscription tcp_link tls token_rules viewer_message \
                    websocket_handshake websocket_reader wish

UNIT_CAMSIM := scene_path scene_raster scene_render scene_truth scene_world

# Fuzzers, by the library that they attack: tests/fuzz/<fuzzer>_fuzz.c
FUZZ_COMMON := config control frame_container jpeg_info
FUZZ_CAPTURE := mjpeg_parser
FUZZ_DETECTOR := demand model_output onnx_file
FUZZ_BROADCASTER := forwarded http_reader intake_scanner picture_check signed_token \
                    streamer_message viewer_message websocket_reader

# What reads foreign bytes: `make coverage` wants nearly every line of these to be run, by the
# fuzzers' inputs and these unit tests.
PARSERS := broadcaster/text/base64 broadcaster/text/base64_avx2 broadcaster/access/credentials \
           broadcaster/access/forwarded broadcaster/protocol/http_head broadcaster/protocol/http_reader \
           broadcaster/protocol/http_syntax broadcaster/protocol/http_target broadcaster/intake/intake_scanner \
           broadcaster/text/json_scanner broadcaster/intake/picture_check broadcaster/access/signed_token \
           broadcaster/intake/streamer_message broadcaster/access/token_rules broadcaster/text/utf8 \
           broadcaster/viewers/viewer_message broadcaster/protocol/websocket_handshake broadcaster/protocol/websocket_reader \
           capture/mjpeg_parser capture/mjpeg_part common/address common/config \
           common/config_access common/config_cameras common/config_document common/config_errors \
           common/config_polygons common/config_section common/config_spaces common/config_tokens common/config_url \
           common/config_value common/frame_container common/jpeg_info common/messages \
           detector/boxes detector/demand detector/layout detector/onnx_file
PARSER_TESTS := broadcaster_base64 broadcaster_credentials broadcaster_forwarded \
                broadcaster_http_head broadcaster_http_reader broadcaster_http_target \
                broadcaster_intake_scanner broadcaster_picture_check \
                broadcaster_signed_token broadcaster_streamer_message broadcaster_token_rules \
                broadcaster_viewer_message broadcaster_websocket_handshake \
                broadcaster_websocket_reader capture_mjpeg_parser common_address common_config \
                common_config_access common_config_document common_config_options \
                common_config_url common_frame_container common_jpeg_info common_messages \
                detector_boxes detector_demand detector_layout detector_onnx_file

# --- flags ----------------------------------------------------------------------------------------

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
            -Wpointer-arith -Wvla -Wimplicit-fallthrough -Wundef -Wconversion
CXX_WARNINGS := -Wall -Wextra -Wshadow -Wpointer-arith -Wimplicit-fallthrough

CFLAGS   ?= -O2 -g
CXXFLAGS ?= -O2 -g
HARDENING := -fstack-protector-strong
SANITIZE := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all)
CPPFLAGS += -I. -D_GNU_SOURCE $(if $(NDEBUG),-DNDEBUG) $(if $(SAN),,-D_FORTIFY_SOURCE=2)
ALL_CFLAGS = -std=c17 $(WARNINGS) $(WERROR) $(CFLAGS) $(HARDENING) $(SANITIZE) -pthread
ALL_CXXFLAGS = -std=c++17 $(CXX_WARNINGS) $(WERROR) $(CXXFLAGS) $(HARDENING) $(SANITIZE) -pthread \
               -isystem /usr/include/opencv4
ALL_LDFLAGS = $(LDFLAGS) $(SANITIZE) -pthread

LIBS_COMMON := -levent_core -ljansson -lcurl -lm
LIBS_DETECTOR := -lturbojpeg -lopencv_dnn -lopencv_imgproc -lopencv_core -lstdc++ -lm
LIBS_BROADCASTER := -lturbojpeg -lssl -lcrypto -lsqlite3 -lz
LIBS_CAMSIM := -lcrypto -lturbojpeg
LIBS_CATALOGUE := -lcrypto

# What a recipe says for itself in place of its command.
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-3s %s\n' $(1) $@)

# --- programs -------------------------------------------------------------------------------------

PROGRAMS := ringcast-capture ringcast-detector ringcast-broadcaster ringcast-ctl ringcast-model
TEST_PROGRAMS := camsim detect_frames model_test track_boxes ws_echo
BENCH_PROGRAMS := bench_picture detector_bench parser_bench ring_bench storm
FUZZERS := $(sort $(FUZZ_COMMON) $(FUZZ_CAPTURE) $(FUZZ_DETECTOR) $(FUZZ_BROADCASTER))
UNIT_TESTS := $(UNIT_COMMON:%=common_%_test) $(UNIT_CAPTURE:%=capture_%_test) \
              $(UNIT_DETECTOR:%=detector_%_test) $(UNIT_BROADCASTER:%=broadcaster_%_test) \
              $(UNIT_CAMSIM:%=camsim_%_test)

# What the pages use of others. Not a file of ours: git ignores it.
VENDOR := web/vendor/uplot.js

.PHONY: all tests
all: ## build the programs (the default)
all: $(PROGRAMS:%=$(BUILD)/%) $(BUILD)/camsim $(BUILD)/ws_echo $(VENDOR)

objects = $(patsubst %,$(BUILD)/%.o,$(addprefix $(1)/,$(2)))

tests: ## build the test programs too
tests: $(TEST_PROGRAMS:%=$(BUILD)/%) $(BENCH_PROGRAMS:%=$(BUILD)/%) $(UNIT_TESTS:%=$(BUILD)/%)

LIB_COMMON := $(BUILD)/libcommon.a
LIB_CAPTURE := $(BUILD)/libcapture.a
LIB_DETECTOR := $(BUILD)/libdetector.a
LIB_BROADCASTER := $(BUILD)/libbroadcaster.a
LIB_CAMSIM := $(BUILD)/libcamsim.a
LIB_CATALOGUE := $(BUILD)/libcatalogue.a

$(LIB_COMMON): $(call objects,common,$(COMMON))
$(LIB_CAPTURE): $(call objects,capture,$(CAPTURE))
$(LIB_DETECTOR): $(call objects,detector,$(DETECTOR) model_opencv)
$(LIB_BROADCASTER): $(call objects,broadcaster,$(BROADCASTER))
$(LIB_CAMSIM): $(call objects,tests/camsim,$(CAMSIM))
$(LIB_CATALOGUE): $(call objects,detector/catalogue,$(CATALOGUE))

$(BUILD)/lib%.a:
	@rm -f $@
	$(call say,AR)
	$(Q)$(AR) rcs $@ $^

$(BUILD)/ringcast-capture: $(BUILD)/capture/main.o $(LIB_CAPTURE) $(LIB_COMMON)
$(BUILD)/ringcast-capture: LDLIBS = $(LIBS_COMMON) -lturbojpeg
$(BUILD)/ringcast-detector: $(BUILD)/detector/main.o $(LIB_DETECTOR) $(LIB_COMMON)
$(BUILD)/ringcast-detector: LDLIBS = $(LIBS_COMMON) $(LIBS_DETECTOR)
$(BUILD)/ringcast-broadcaster: $(BUILD)/broadcaster/main.o $(LIB_BROADCASTER) $(LIB_COMMON)
$(BUILD)/ringcast-broadcaster: LDLIBS = $(LIBS_COMMON) $(LIBS_BROADCASTER)
$(BUILD)/ringcast-ctl: $(call objects,common,$(CTL)) $(LIB_COMMON)
$(BUILD)/ringcast-ctl: LDLIBS = $(LIBS_COMMON) -lcrypto
# Of the detector they need the names of the classes, and no OpenCV.
$(BUILD)/ringcast-model: $(BUILD)/detector/catalogue/main.o $(BUILD)/detector/names.o $(LIB_CATALOGUE) $(LIB_COMMON)
$(BUILD)/ringcast-model: LDLIBS = $(LIBS_COMMON) $(LIBS_CATALOGUE)
$(BUILD)/model_test: $(BUILD)/detector/catalogue/main.o $(BUILD)/detector/names.o
$(BUILD)/model_test: $(BUILD)/tests/model_catalogue.o $(LIB_CATALOGUE) $(LIB_COMMON)
$(BUILD)/model_test: LDLIBS = $(LIBS_COMMON) $(LIBS_CATALOGUE)
$(BUILD)/camsim: $(BUILD)/tests/camsim/main.o $(LIB_CAMSIM) $(LIB_COMMON)
$(BUILD)/camsim: LDLIBS = $(LIBS_CAMSIM) $(LIBS_COMMON)
$(BUILD)/detect_frames: $(BUILD)/tests/detect_frames.o $(LIB_DETECTOR) $(LIB_COMMON)
$(BUILD)/detect_frames: LDLIBS = $(LIBS_COMMON) $(LIBS_DETECTOR)
$(BUILD)/track_boxes: $(BUILD)/tests/track_boxes.o $(LIB_DETECTOR) $(LIB_COMMON)
$(BUILD)/track_boxes: LDLIBS = $(LIBS_COMMON) $(LIBS_DETECTOR)
$(BUILD)/ws_echo: $(BUILD)/tests/ws_echo.o $(LIB_BROADCASTER) $(LIB_COMMON)
$(BUILD)/ws_echo: LDLIBS = $(LIBS_COMMON) $(LIBS_BROADCASTER)
$(BUILD)/bench_picture: $(BUILD)/tests/bench/bench_picture.o $(LIB_COMMON)
$(BUILD)/bench_picture: LDLIBS = $(LIBS_COMMON) -lturbojpeg
$(BUILD)/detector_bench: $(BUILD)/tests/bench/detector_bench.o $(LIB_DETECTOR) $(LIB_COMMON)
$(BUILD)/detector_bench: LDLIBS = -Wl,--wrap=clock_monotonic_ns $(LIBS_COMMON) $(LIBS_DETECTOR)
$(BUILD)/parser_bench: $(call objects,tests/bench,measure parser_bench) $(LIB_CAPTURE) $(LIB_COMMON)
$(BUILD)/parser_bench: LDLIBS = $(LIBS_COMMON)
$(BUILD)/ring_bench: $(call objects,tests/bench,measure ring_bench) $(LIB_COMMON)
$(BUILD)/ring_bench: LDLIBS = $(LIBS_COMMON)
$(BUILD)/storm: $(BUILD)/tests/bench/storm.o $(LIB_COMMON)
$(BUILD)/storm: LDLIBS = $(LIBS_COMMON)

$(PROGRAMS:%=$(BUILD)/%) $(TEST_PROGRAMS:%=$(BUILD)/%) $(BENCH_PROGRAMS:%=$(BUILD)/%):
	$(call say,LD)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/common_picture_mask_test: LIBS_COMMON += -lturbojpeg
$(BUILD)/common_%_test: $(BUILD)/tests/unit/common_%_test.o $(LIB_COMMON)
	$(call say,LD)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_COMMON) -lcmocka
$(BUILD)/capture_%_test: $(BUILD)/tests/unit/capture_%_test.o $(LIB_CAPTURE) $(LIB_COMMON)
	$(call say,LD)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_COMMON) -lcmocka
$(BUILD)/detector_%_test: $(BUILD)/tests/unit/detector_%_test.o $(LIB_DETECTOR) $(LIB_COMMON)
	$(call say,LD)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_COMMON) $(LIBS_DETECTOR) -lcmocka
$(BUILD)/broadcaster_%_test: $(BUILD)/tests/unit/broadcaster_%_test.o $(LIB_BROADCASTER) $(LIB_COMMON)
	$(call say,LD)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_COMMON) $(LIBS_BROADCASTER) -lcmocka
$(BUILD)/camsim_%_test: $(BUILD)/tests/unit/camsim_%_test.o $(LIB_CAMSIM) $(LIB_COMMON)
	$(call say,LD)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_CAMSIM) $(LIBS_COMMON) -lcmocka

# Made on the way, and kept: the next test need not compile it again.
.SECONDARY: $(UNIT_TESTS:%=$(BUILD)/tests/unit/%.o)

fuzzer_programs = $(patsubst %,$(BUILD)/%_fuzz,$(1))
$(call fuzzer_programs,$(FUZZ_CAPTURE)): $(LIB_CAPTURE)
$(call fuzzer_programs,$(FUZZ_DETECTOR)): $(LIB_DETECTOR)
$(call fuzzer_programs,$(FUZZ_BROADCASTER)): $(LIB_BROADCASTER)
$(call fuzzer_programs,$(FUZZ_BROADCASTER)): LDLIBS = $(LIBS_BROADCASTER)
$(call fuzzer_programs,$(FUZZERS)): $(LIB_COMMON)
$(BUILD)/%_fuzz: $(BUILD)/tests/fuzz/%_fuzz.o
	$(call say,LD)
	$(Q)$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $< $(filter %.a,$^) $(LIBS_COMMON) $(LDLIBS)

# Objects stay, also those that make takes for steps on the way.
.SECONDARY:

# Compiling depends on the flags too: a change of them builds anew.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(ALL_CXXFLAGS)' | cmp -s - $@ || \
	    echo '$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(ALL_CXXFLAGS)' > $@
FORCE:

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/%.o: %.cpp $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CXX)
	$(Q)$(CXX) $(CPPFLAGS) $(ALL_CXXFLAGS) -MMD -MP -c -o $@ $<

# The same pictures on every processor: no product and sum rounded as one.
$(BUILD)/tests/camsim/%.o: CFLAGS += -ffp-contract=off
# Loops over pixels and scores: worth the vectoriser.
$(addprefix $(BUILD)/tests/camsim/scene_,backdrop.o noise.o raster.o render.o): CFLAGS += -O3
$(addprefix $(BUILD)/detector/,annotate.o boxes.o draw.o ink.o picture.o preprocess.o rgb_row.o): CFLAGS += -O3
# It may take roots and compare where the source would not: nobody asks for errno or the flags of <fenv.h>.
$(BUILD)/detector/draw.o: CFLAGS += -fno-math-errno -fno-trapping-math

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

# --- what npm brings -------------------------------------------------------------------------------

UPLOT = $(BUILD)/npm/node_modules/uplot
NPM_CI := timeout 60 npm ci --prefer-offline --fetch-retries=0 --ignore-scripts --no-audit --no-fund

# npm holds it against the lock file. The package has its smallest form as a script only: made a module
# here. Without npm or a network there are no charts, the page says so, and the next make tries again.
$(VENDOR): web/package.json web/package-lock.json web/.npmrc
	$(call say,NPM)
	@rm -rf $(BUILD)/npm && mkdir -p $(@D) $(BUILD)/npm && cp $^ $(BUILD)/npm && \
	    (cd $(BUILD)/npm && $(NPM_CI)) > $(BUILD)/npm/log 2>&1 && \
	    { cat $(UPLOT)/dist/uPlot.iife.min.js && echo 'export default uPlot;'; } > $(UPLOT)/uplot.js && \
	    cp $(UPLOT)/LICENSE $(@D)/uplot.LICENSE.txt && cp $(UPLOT)/dist/uPlot.min.css $(@D)/uplot.css && \
	    cp $(UPLOT)/dist/uPlot.d.ts $(@D)/uplot.d.ts && mv $(UPLOT)/uplot.js $@ || \
	    echo 'No charts on the pages: npm could not bring uPlot ($(BUILD)/npm/log says why). All else is built.'

# --- the two commands, and what they are made of -----------------------------------------------------

# These two build with every core, unless make was told how many.
PARALLEL = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

.PHONY: packages packages-test demo check check-unit check-threads check-system valgrind
packages: ## install the Debian packages that are missing to build and run
	@tests/packages build
packages-test: ## and those that the tests need
	@tests/packages test

demo: ## show it at work: on two simulated car parks, or with CAMERA=url MODEL=file [NAMES=file]
	@tests/demo --check
	@tests/packages build
	@$(MAKE) --no-print-directory $(PARALLEL) all
	@exec tests/demo

check: ## every test; SAN=address,undefined: with sanitizers, without the browser
	@tests/packages test
	@$(MAKE) --no-print-directory $(PARALLEL) all tests
	@tests/run --build "$(BUILD)" --unit $(UNIT_TESTS) --system $(if $(SAN),,--types --browser)
check-unit: tests
	@tests/run --build "$(BUILD)" --unit $(UNIT_TESTS)
# Where several threads or processes share memory; for SAN=thread.
THREAD_TESTS := $(filter common_frame_ring% common_log% detector_% broadcaster_history%,$(UNIT_TESTS))
check-threads: $(THREAD_TESTS:%=$(BUILD)/%)
	@tests/run --build "$(BUILD)" --unit $(THREAD_TESTS)
# Not under valgrind, but under the sanitizers: tests that run out of descriptors (its accept() takes the
# connection before it says that there is none left), that wait for a process by a pidfd (it knows none),
# that limit the parser's CPU time, that draw whole scenes for minutes, and whose processes are killed or
# end without freeing.
VALGRIND_LEFT_OUT := broadcaster_child_process broadcaster_listener camsim_scene_render \
                     camsim_scene_truth capture_mjpeg_parser common_control_life \
                     common_frame_ring_torture
VALGRIND_TESTS := $(filter-out $(VALGRIND_LEFT_OUT:%=%_test),$(UNIT_TESTS))
valgrind: ## the unit tests under memcheck
valgrind: $(VALGRIND_TESTS:%=$(BUILD)/%)
	@tests/run --build "$(BUILD)" --valgrind --unit $(VALGRIND_TESTS)
check-system: all tests
	@tests/run --build "$(BUILD)" --system $(PYTEST_ARGS)

# Each kind of build has its compiler and its flags: they are not for the command line.
FUZZ_BUILD := BUILD=build/fuzz CC=clang CXX=clang++ SAN=fuzzer-no-link,address,undefined NDEBUG=
COVERAGE := -fprofile-instr-generate -fcoverage-mapping
COVERAGE_BUILD := BUILD=build/coverage CC=clang CXX=clang++ SAN= NDEBUG= CFLAGS="-O1 -g $(COVERAGE)" \
                  CXXFLAGS="-O1 -g $(COVERAGE)" LDFLAGS="$(COVERAGE)"
SECONDS ?= 60
JOBS ?= 2

.PHONY: fuzz fuzzers coverage parser-tests
fuzz: ## attack the parsers: SECONDS=60 for each fuzzer, JOBS=2 of them at a time
	@$(MAKE) --no-print-directory $(FUZZ_BUILD) fuzzers
	@tests/fuzz/run --build build/fuzz --seconds $(SECONDS) --jobs $(JOBS) $(FUZZERS)
.SECONDARY: $(FUZZERS:%=$(BUILD)/tests/fuzz/%_fuzz.o)
fuzzers: $(call fuzzer_programs,$(FUZZERS))
coverage: ## how much of the parsers the unit tests and the fuzzers' inputs run
	@$(MAKE) --no-print-directory $(COVERAGE_BUILD) fuzzers parser-tests
	@tests/coverage --build build/coverage --tests $(PARSER_TESTS:%=%_test) --fuzzers $(FUZZERS) \
	    --sources $(PARSERS:%=%.c)
parser-tests: $(PARSER_TESTS:%=$(BUILD)/%_test)

# Each of them alone, too. The last four are not among the usual ones.
BENCHES := bench-ring bench-parser bench-capture bench-detector bench-demand bench-canvas \
           bench-first-picture bench-cameras bench-broadcaster bench-tls bench-history bench-settings bench-storms \
           bench-models bench-rivals bench-breaking bench-soak

.PHONY: bench $(BENCHES)
bench: ## print figures, in 15 minutes; bench-ring, -parser, …, -storms, -soak: one
bench $(BENCHES):
	@tests/packages $(if $(filter bench-rivals,$@),rivals,bench)
	@$(MAKE) --no-print-directory all $(BENCH_PROGRAMS:%=$(BUILD)/%)
	@RINGCAST_PROGRAMS="$(abspath $(BUILD))" tests/bench/run $(patsubst bench-%,%,$(filter bench-%,$@))

# Tracks and spaces beside the truth. What needs data that are not the project's own is skipped without
# RINGCAST_ASSETS, and says so.
.PHONY: eval
eval: ## judge tracks and parking spaces, in half an hour; docs/accuracy.md has the results
	@tests/packages eval
	@$(MAKE) --no-print-directory $(BUILD)/track_boxes \
	    $(BUILD)/detect_frames $(BUILD)/camsim
	@tests/eval/run --build "$(BUILD)"

# --- install ---------------------------------------------------------------------------------------

BIN_DIR := $(DESTDIR)$(PREFIX)/bin
PROGRAM_DIR := $(DESTDIR)$(PREFIX)/libexec/ringcast
SHARE_DIR := $(DESTDIR)$(PREFIX)/share/ringcast
DOC_DIR := $(DESTDIR)$(PREFIX)/share/doc/ringcast

.PHONY: install uninstall
install: ## into PREFIX (/usr/local), below DESTDIR
install: $(PROGRAMS:%=$(BUILD)/%) $(VENDOR)
	install -d "$(BIN_DIR)" "$(PROGRAM_DIR)" "$(DOC_DIR)/examples"
	install -m 755 ringcast "$(BIN_DIR)/ringcast"
	install -m 755 $(PROGRAMS:%=$(BUILD)/%) "$(PROGRAM_DIR)"
	install -m 644 README.md LICENSE ringcast.example.json docs/*.md "$(DOC_DIR)"
	install -m 644 docs/examples/* "$(DOC_DIR)/examples"
	install -d "$(SHARE_DIR)"
	install -m 644 detector/demo_model/ringcast-demo.{onnx,names} "$(SHARE_DIR)"
	find web -type f ! -name '.*' ! -name package-lock.json ! -path 'web/vendor/*.d.ts' \
	    -exec install -D -m 644 {} "$(SHARE_DIR)/{}" \;
uninstall: ## take it away again
	rm -f "$(BIN_DIR)/ringcast"
	rm -rf "$(PROGRAM_DIR)" "$(SHARE_DIR)" "$(DOC_DIR)"

# --- documents, format and style -------------------------------------------------------------------

C_FILES = $(shell git ls-files '*.c' '*.h' '*.cpp')
SCRIPTS := ringcast tests/packages tests/demo .ci/run

.PHONY: docs screenshots client-package format format-check lint
docs: ## write docs/configuration.md anew from the option table
docs: $(BUILD)/ringcast-ctl
	$< reference > docs/configuration.md
screenshots: ## make docs/demo.jpg and docs/pages anew: the demo's pages in Chromium; PAGES: some of them
	@tests/packages test
	@$(MAKE) --no-print-directory $(PARALLEL) all
	@cd tests/browser && { [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund; }
	@PAGES="$(PAGES)" node tests/browser/screenshots.js
client-package: ## pack web/lib for npm, with its types, into $(BUILD)
	@cd tests/browser && { [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund; }
	@node tests/browser/pack_client.js "$(BUILD)"
format: ## lay the C files out as .clang-format says
	@clang-format -i $(C_FILES)
	@tests/comment_width --mend $(C_FILES)
format-check:
	@clang-format --dry-run --Werror $(C_FILES)
lint: ## look at the scripts with shellcheck, and for comments that go too far
	shellcheck $(SCRIPTS)
	@tests/comment_width $(C_FILES)

# A stamp for each file that is clean; it falls when the file, what it includes or .clang-tidy changes.
TIDY_STAMPS = $(patsubst %,$(BUILD)/tidy/%.clean,$(filter-out %.h,$(C_FILES)))
TIDY_FLAGS = $(CPPFLAGS) $(if $(filter %.cpp,$<),-std=c++17 -isystem /usr/include/opencv4,-std=c17)

.PHONY: tidy tidy-files
tidy: ## look for faults with clang-tidy, JOBS=2 files at a time
	@$(MAKE) --no-print-directory --keep-going $(if $(filter -j%,$(MAKEFLAGS)),,-j$(JOBS)) tidy-files
tidy-files: $(if $(filter tidy-files,$(MAKECMDGOALS)),$(TIDY_STAMPS))
	@:
$(BUILD)/tidy/%.clean: % .clang-tidy tests/.clang-tidy
	@mkdir -p $(@D)
	$(if $(V),,@printf '  TDY %s\n' $<)
	$(Q)output=$$(clang-tidy --quiet $< -- $(TIDY_FLAGS) 2>&1) || { echo "$$output"; exit 1; }
	@$(CC) $(TIDY_FLAGS) -MM -MP -MT $@ -MF $(@:.clean=.d) $<
	@touch $@

.PHONY: help clean
help: ## this list
	@awk -F ' *## *' '/^[a-z-]+: *##/ { sub(/:.*/, "", $$1); printf "  make %-14s %s\n", $$1, $$2 }' Makefile
clean: ## remove what was built
	rm -rf build $(dir $(VENDOR))
